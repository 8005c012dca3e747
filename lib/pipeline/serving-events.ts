/** What happens in a server of predictions, as part of the one vocabulary. */
export interface ServingBodies {
  /** It listens. */
  serving: {
    /** Of its root, such as `http://127.0.0.1:3000`. */
    address: string;
    model: string;
    sha256: string;
    int8: boolean;
    /** The model that sees the same photos and answers nobody; null for none. */
    shadow: string | null;
  };
  /** The page that shows runs. */
  shown: { url: string };
  /** Another model answers from now on, or sees the same photos in the shadow of the one that answers. */
  served: { model: string; sha256: string; before: string; shadow: boolean };
  /** A request was answered, or broken off by its client, which then has seen no status. */
  answered: {
    id: string;
    /** The client's address. */
    client: string;
    method: string;
    path: string;
    status: number;
    aborted: boolean;
    milliseconds: number;
    /** Photos that it asked for. */
    photos: number;
  };
  /** It takes no more requests, and answers those that are under way. */
  draining: { photos: number };
  stopped: { requests: number; seconds: number; interrupted: boolean };
}
