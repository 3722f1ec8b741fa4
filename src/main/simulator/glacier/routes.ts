/** Every operation of the vault service: one line each. */
import { deleteVaultAccessPolicy, getVaultAccessPolicy, setVaultAccessPolicy } from './accessPolicy.ts';
import { deleteArchive, uploadArchive } from './archives.ts';
import { listProvisionedCapacity, purchaseProvisionedCapacity } from './capacity.ts';
import type { Operation } from './glacier.ts';
import { initiateJob } from './initiateJob.ts';
import { describeJob, listJobs } from './jobs.ts';
import { getJobOutput } from './jobOutput.ts';
import {
  abortMultipartUpload,
  completeMultipartUpload,
  initiateMultipartUpload,
  listMultipartUploads,
  listParts,
} from './multipart.ts';
import { deleteVaultNotifications, getVaultNotifications, setVaultNotifications } from './notifications.ts';
import { getDataRetrievalPolicy, setDataRetrievalPolicy } from './retrievalPolicy.ts';
import { addTagsToVault, listTagsForVault, removeTagsFromVault } from './tags.ts';
import { uploadMultipartPart } from './uploadPart.ts';
import { abortVaultLock, completeVaultLock, getVaultLock, initiateVaultLock } from './vaultLock.ts';
import { createVault, deleteVault, describeVault, listVaults } from './vaults.ts';

interface Route {
  readonly method: string;
  /** Segments; those in braces are names. */
  readonly path: string;
  /** `name=value` the query must have, where that tells operations apart. */
  readonly query?: string;
  readonly operation: string;
  /** Whether the operation takes its body as a stream (archive data) instead of whole. */
  readonly streams?: true;
  readonly run: Operation;
}

const vault = '/{account}/vaults/{vault}';
const notifications = `${vault}/notification-configuration`;
const accessPolicy = `${vault}/access-policy`;
const lock = `${vault}/lock-policy`;
const tags = `${vault}/tags`;
const retrievalPolicy = '/{account}/policies/data-retrieval';
const capacity = '/{account}/provisioned-capacity';

const routes: readonly Route[] = [
  { method: 'GET', path: '/{account}/vaults', operation: 'ListVaults', run: listVaults },
  { method: 'PUT', path: vault, operation: 'CreateVault', run: createVault },
  { method: 'GET', path: vault, operation: 'DescribeVault', run: describeVault },
  { method: 'DELETE', path: vault, operation: 'DeleteVault', run: deleteVault },
  { method: 'PUT', path: notifications, operation: 'SetVaultNotifications', run: setVaultNotifications },
  { method: 'GET', path: notifications, operation: 'GetVaultNotifications', run: getVaultNotifications },
  {
    method: 'DELETE',
    path: notifications,
    operation: 'DeleteVaultNotifications',
    run: deleteVaultNotifications,
  },
  { method: 'PUT', path: accessPolicy, operation: 'SetVaultAccessPolicy', run: setVaultAccessPolicy },
  { method: 'GET', path: accessPolicy, operation: 'GetVaultAccessPolicy', run: getVaultAccessPolicy },
  {
    method: 'DELETE',
    path: accessPolicy,
    operation: 'DeleteVaultAccessPolicy',
    run: deleteVaultAccessPolicy,
  },
  { method: 'POST', path: lock, operation: 'InitiateVaultLock', run: initiateVaultLock },
  { method: 'POST', path: `${lock}/{lock}`, operation: 'CompleteVaultLock', run: completeVaultLock },
  { method: 'DELETE', path: lock, operation: 'AbortVaultLock', run: abortVaultLock },
  { method: 'GET', path: lock, operation: 'GetVaultLock', run: getVaultLock },
  { method: 'POST', path: tags, query: 'operation=add', operation: 'AddTagsToVault', run: addTagsToVault },
  {
    method: 'POST',
    path: tags,
    query: 'operation=remove',
    operation: 'RemoveTagsFromVault',
    run: removeTagsFromVault,
  },
  { method: 'GET', path: tags, operation: 'ListTagsForVault', run: listTagsForVault },
  {
    method: 'POST',
    path: `${vault}/archives`,
    operation: 'UploadArchive',
    streams: true,
    run: uploadArchive,
  },
  { method: 'DELETE', path: `${vault}/archives/{archive}`, operation: 'DeleteArchive', run: deleteArchive },
  {
    method: 'POST',
    path: `${vault}/multipart-uploads`,
    operation: 'InitiateMultipartUpload',
    run: initiateMultipartUpload,
  },
  {
    method: 'GET',
    path: `${vault}/multipart-uploads`,
    operation: 'ListMultipartUploads',
    run: listMultipartUploads,
  },
  {
    method: 'PUT',
    path: `${vault}/multipart-uploads/{upload}`,
    operation: 'UploadMultipartPart',
    streams: true,
    run: uploadMultipartPart,
  },
  {
    method: 'POST',
    path: `${vault}/multipart-uploads/{upload}`,
    operation: 'CompleteMultipartUpload',
    run: completeMultipartUpload,
  },
  {
    method: 'DELETE',
    path: `${vault}/multipart-uploads/{upload}`,
    operation: 'AbortMultipartUpload',
    run: abortMultipartUpload,
  },
  { method: 'GET', path: `${vault}/multipart-uploads/{upload}`, operation: 'ListParts', run: listParts },
  { method: 'POST', path: `${vault}/jobs`, operation: 'InitiateJob', run: initiateJob },
  { method: 'GET', path: `${vault}/jobs`, operation: 'ListJobs', run: listJobs },
  { method: 'GET', path: `${vault}/jobs/{job}`, operation: 'DescribeJob', run: describeJob },
  { method: 'GET', path: `${vault}/jobs/{job}/output`, operation: 'GetJobOutput', run: getJobOutput },
  { method: 'GET', path: retrievalPolicy, operation: 'GetDataRetrievalPolicy', run: getDataRetrievalPolicy },
  { method: 'PUT', path: retrievalPolicy, operation: 'SetDataRetrievalPolicy', run: setDataRetrievalPolicy },
  {
    method: 'POST',
    path: capacity,
    operation: 'PurchaseProvisionedCapacity',
    run: purchaseProvisionedCapacity,
  },
  { method: 'GET', path: capacity, operation: 'ListProvisionedCapacity', run: listProvisionedCapacity },
];

export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/** The route for a request line, or null. Path segments are compared and handed out decoded. */
export function matchRoute(method: string, path: string, query: URLSearchParams): Match | null {
  const segments = path.split('/').map(decodeSegment);
  for (const route of routes) {
    if (route.method !== method || !hasQuery(route, query)) continue;
    const params = matchPath(route.path.split('/'), segments);
    if (params !== null) return { route, params };
  }
  return null;
}

function hasQuery({ query: wanted }: Route, query: URLSearchParams): boolean {
  if (wanted === undefined) return true;
  const [name = '', value] = wanted.split('=');
  return query.get(name) === value;
}

function matchPath(pattern: readonly string[], segments: readonly string[]): Record<string, string> | null {
  if (pattern.length !== segments.length) return null;
  const params: Record<string, string> = {};
  for (const [place, wanted] of pattern.entries()) {
    const segment = segments[place] ?? '';
    if (wanted.startsWith('{')) {
      if (segment === '') return null;
      params[wanted.slice(1, -1)] = segment;
    } else if (wanted !== segment) return null;
  }
  return params;
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
