// A shop that sells tokens. Its pages call it; it calls Rampart, which tells it by events how orders go on.
//
//   POST /purchases/:reference        {"email", "wallet", "vpa", "name", "rupees"} → how to pay
//   POST /purchases/:reference/utr    {"utr"}
//   GET  /purchases/:reference        → the state by the last event
//   POST /hooks/ramp                  Rampart's events
import express, { type NextFunction, type Request, type Response } from "express";
import { Inbox } from "./events.js";
import { Orders, RampartError } from "./orders.js";

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") {
    throw new Error(`${name} must be set`);
  }
  return value;
}

const orders = new Orders(setting("RAMPART_URL"), setting("RAMPART_TOKEN"));
const inbox = new Inbox(setting("RAMPART_WEBHOOK_SECRET"));
const app = express();

// The signature is over the raw bytes, so that this route comes before any parser.
app.post("/hooks/ramp", express.raw({ type: () => true }), (request, response) => {
  try {
    const event = inbox.receive(request.body, headersOf(request));
    if (event !== undefined) {
      console.log(`${event.data.reference}: ${event.type}, now ${event.data.status}`);
    }
    response.sendStatus(204);
  } catch {
    response.sendStatus(401);
  }
});

app.use(express.json());

const usdcOnPolygon = { symbol: "USDC", address: "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359", chainId: 137 };

app.post("/purchases/:reference", async (request: Request<{ reference: string }>, response) => {
  const { email, wallet, vpa, name, rupees } = request.body;
  const order = await orders.buy(request.params.reference, {
    email,
    fiat: { currency: "INR", amount: rupees },
    token: usdcOnPolygon,
    walletAddress: wallet,
    paymentMethod: "INR_UPI",
    upi: { id: vpa, name },
  });
  response.status(201).json({ status: order.status, instructions: order.instructions, expiresAt: order.expiresAt });
});

app.post("/purchases/:reference/utr", async (request: Request<{ reference: string }>, response) => {
  const order = await orders.submitUtr(request.params.reference, request.body.utr);
  response.json({ status: order.status });
});

app.get("/purchases/:reference", (request: Request<{ reference: string }>, response) => {
  const latest = inbox.latest(request.params.reference);
  response.status(latest === undefined ? 404 : 200).json(latest ?? { status: "unknown" });
});

// Rampart's problems say which field is bad and what to do next; none quotes a value.
app.use((error: Error, _request: Request, response: Response, next: NextFunction) => {
  if (!(error instanceof RampartError)) {
    next(error);
    return;
  }
  response.status(error.status).json({ error: error.problem.errorType, detail: error.message, fields: error.problem.fields });
});

function headersOf(request: Request): Record<string, string> {
  return Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
}

const server = app.listen(Number(process.env["PORT"] ?? 3000), "127.0.0.1", () => {
  const address = server.address();
  console.log(`listening on http://127.0.0.1:${typeof address === "object" ? address?.port : address}`);
});
