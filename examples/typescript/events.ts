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

/** Inbox verifies events and remembers the newest event of each order. A real backend keeps both in its database. */
export class Inbox {
  private readonly webhook: Webhook;
  private readonly seen = new Set<string>();
  private readonly newest = new Map<string, OrderEvent>();

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
    if (known === undefined || isNewer(event, known)) {
      this.newest.set(event.data.reference, event);
    }
    return event;
  }

  latest(reference: string): OrderEvent["data"] | undefined {
    return this.newest.get(reference)?.data;
  }
}

/** isNewer compares times first: after an operator's reset of an order, its versions grow from an earlier one again. */
function isNewer(event: OrderEvent, known: OrderEvent): boolean {
  const later = Date.parse(event.time) - Date.parse(known.time);
  return later > 0 || (later === 0 && event.data.version > known.data.version);
}
