import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Transform } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';

/** What a network or a server in trouble does to one request. */
export type Fault =
  /** Drops the connection before the server hears of the request. */
  | { kind: 'reset' }
  /** Lets the server do its work and drops the connection before its answer. */
  | { kind: 'lose' }
  /** Answers itself, as a gateway whose server is restarting does. */
  | { kind: 'status'; status: number }
  /** Drops the connection after so many bytes of the answer's body. */
  | { kind: 'cut'; bytes: number }
  /** Changes one bit of the answer's body. */
  | { kind: 'flip' }
  | { kind: 'delay'; milliseconds: number }
  /** Never answers. */
  | { kind: 'silence' };

export interface ProxiedRequest {
  method: string;
  /** As it was sent, with its query. */
  path: string;
  /** Milliseconds, of `performance.now()`. */
  at: number;
}

/** A gateway before a real HTTP server that does what is asked to its requests, and else nothing. */
export interface HttpProxy {
  host: string;
  port: number;
  /** In the order of their coming. */
  requests: ProxiedRequest[];
  /** Asked for each request. */
  fault: (request: ProxiedRequest) => Fault | undefined;
  close(): Promise<void>;
}

export async function startProxy(target: { host: string; port: number }): Promise<HttpProxy> {
  const server = http.createServer(async (request, response) => {
    const { method = 'GET', url = '/' } = request;
    const seen = { method, path: url, at: performance.now() };
    proxy.requests.push(seen);
    const fault = proxy.fault(seen);
    const drop = () => request.socket.resetAndDestroy();
    if (fault?.kind === 'reset') return drop();
    if (fault?.kind === 'silence') return;
    if (fault?.kind === 'status') {
      request.resume();
      return response.writeHead(fault.status).end();
    }
    if (fault?.kind === 'delay') await pause(fault.milliseconds);
    // The headers as they came: the request is signed, its host with it.
    const onward = http.request({ ...target, method, path: url, headers: request.headers });
    onward.on('error', drop);
    onward.on('response', (answer) => {
      if (fault?.kind === 'lose') return answer.resume().on('end', drop);
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on('error', drop);
      if (fault?.kind === 'cut') return answer.pipe(cutter(fault.bytes, drop)).pipe(response);
      if (fault?.kind === 'flip') return answer.pipe(flipper()).pipe(response);
      answer.pipe(response);
    });
    request.on('error', () => onward.destroy());
    request.pipe(onward);
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket) =>
    sockets.add(socket.on('close', () => sockets.delete(socket))),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: HttpProxy = {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    requests: [],
    fault: () => undefined,
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return proxy;
}

/** Passes on so many bytes and then calls `drop`. */
function cutter(bytes: number, drop: () => void): Transform {
  let left = bytes;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      this.push(chunk.subarray(0, left));
      left -= chunk.length;
      // What was passed on has to leave before the connection ends.
      if (left <= 0) setTimeout(drop, 20);
      else done();
    },
  });
}

function flipper(): Transform {
  let flipped = false;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const changed = Buffer.from(chunk);
      if (!flipped && changed.length > 0) changed[0] = (changed[0] as number) ^ 1;
      flipped = true;
      done(null, changed);
    },
  });
}
