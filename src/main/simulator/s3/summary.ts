/** What is really in the buckets, as nobody sees it through the service: for tests and for a look inside. */
import type { S3 } from './s3.ts';

export function bucketSummaries(s3: S3): object[] {
  return Array.from(s3.store.state.buckets.values(), ({ record, versions, uploads }) => {
    const all = [...versions.values()].flat();
    const objects = all.filter((version) => version.kind === 'object');
    const current = versions.values().filter(([latest]) => latest?.kind === 'object');
    return {
      name: record.name,
      keys: [...current].length,
      versions: objects.length,
      deleteMarkers: all.length - objects.length,
      bytes: objects.reduce((sum, { bytes }) => sum + bytes, 0),
      openUploads: uploads.size,
    };
  });
}
