import { Client } from 'minio';
import type { Account } from './account.js';
import { transportTo } from './transport.js';

/** What signs and sends requests to an account's server; all of them end with the signal. */
export function clientOf(account: Account, signal: AbortSignal | undefined): Client {
  const { endpoint, accessKey, secretKey, sessionToken, region } = account;
  const { transport, agent } = transportTo(account, signal);
  return new Client({
    endPoint: endpoint.hostname,
    port: Number(endpoint.port),
    useSSL: endpoint.protocol === 'https:',
    accessKey,
    secretKey,
    pathStyle: account.style === 'path',
    transport: transport as NonNullable<ConstructorParameters<typeof Client>[0]['transport']>,
    transportAgent: agent,
    // Server repeats whole calls, download and check included.
    retryOptions: { disableRetry: true },
    ...(sessionToken && { sessionToken }),
    ...(region && { region }),
  });
}
