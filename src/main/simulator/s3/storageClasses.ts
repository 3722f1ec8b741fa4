/** S3's storage classes, and which of them must be restored before they can be read. */
import { S3Error } from './errors.ts';

const storageClasses = [
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER_IR',
  'GLACIER',
  'DEEP_ARCHIVE',
] as const;
export type StorageClass = (typeof storageClasses)[number];

/** Reads x-amz-storage-class. @throws S3Error 400 */
export function checkedStorageClass(name: string | undefined): StorageClass {
  const known = storageClasses.find((each) => each === (name ?? 'STANDARD'));
  if (known === undefined)
    throw new S3Error(400, 'InvalidStorageClass', 'The storage class you specified is not valid', {
      StorageClassRequested: name ?? '',
    });
  return known;
}

export function isArchiveClass(storageClass: StorageClass): storageClass is 'GLACIER' | 'DEEP_ARCHIVE' {
  return storageClass === 'GLACIER' || storageClass === 'DEEP_ARCHIVE';
}
