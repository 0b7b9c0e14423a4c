# The deployment of the two examples. Read only where this folder is applied itself: whoever uses it as a module names
# processors of their own.
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
