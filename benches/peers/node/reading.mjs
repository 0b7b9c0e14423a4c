// What every handler does with an object.

let seen = 0;

export const read = (record, key) => {
  if (
    record.eventName === 'ObjectCreated:Put' ||
    record.eventName === 'ObjectCreated:CompleteMultipartUpload'
  ) {
    seen += record.s3.bucket.name.length + key.length + record.s3.object.size;
  }
};

export const decode = (key) => decodeURIComponent(key.replace(/\+/g, ' '));

export const hasRead = () => seen > 0;
