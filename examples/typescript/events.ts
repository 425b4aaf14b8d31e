// Events of orders, as Rampart sends them: CloudEvents, signed by Standard Webhooks.
import { Webhook } from "standardwebhooks";

/** OrderEvent says that an order has changed. It holds no personal data. */
export interface OrderEvent {
  id: string;
  type: string;
  time: string;
  data: {
    reference: string;
    direction: "onramp" | "offramp";
    status: string;
    attention: boolean;
    version: number;
  };
}

/** Inbox verifies events and remembers the newest version of each order. A real backend keeps both in its database. */
export class Inbox {
  private readonly webhook: Webhook;
  private readonly seen = new Set<string>();
  private readonly newest = new Map<string, OrderEvent["data"]>();

  constructor(secret: string) {
    this.webhook = new Webhook(secret);
  }

  /** receive takes the raw body of a request. It throws if the signature is not valid. An event that comes again changes nothing. */
  receive(body: Buffer, headers: Record<string, string>): OrderEvent | undefined {
    const event = this.webhook.verify(body, headers) as OrderEvent;
    if (this.seen.has(event.id)) {
      return undefined;
    }
    this.seen.add(event.id);
    const known = this.newest.get(event.data.reference);
    if (known === undefined || event.data.version > known.version) {
      this.newest.set(event.data.reference, event.data);
    }
    return event;
  }

  latest(reference: string): OrderEvent["data"] | undefined {
    return this.newest.get(reference);
  }
}
