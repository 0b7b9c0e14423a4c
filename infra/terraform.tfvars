# Deploys the two examples. Terraform reads this file only when you apply this folder itself, not
# when you use it as a module.
processors = {
  put-processor = {
    package     = "../target/lambda/put-processor.zip"
    policy_file = "policies/put-processor.json"
  }
  copy-processor = {
    package     = "../target/lambda/copy-processor.zip"
    policy_file = "policies/copy-processor.json"
  }
}
