/**
 * Orders by Temporal's own client: the types of the contract that a backend needs, and a function for each call. ramp/schema
 * has the whole contract, and docs/reference/contract.md says what may change in it.
 */
import {
  ApplicationFailure,
  type Client,
  WithStartWorkflowOperation,
  type WorkflowHandle,
  WorkflowExecutionAlreadyStartedError,
} from '@temporalio/client';

export interface Amount {
  /** A decimal string. Money is never a number. */
  amount?: string;
  currency: string;
}

export interface BankAccount {
  accountName: string;
  accountNumber: string;
  ifsc: string;
  pan?: string;
}

export interface OnrampRequest {
  reference: string;
  email: string;
  fiat: Amount;
  token: { symbol: string; address: string; chainId: number };
  walletAddress: string;
  paymentMethod: 'INR_UPI' | 'INR_IMPS' | 'INR_NEFT';
  upi?: { id: string; name: string };
  bank?: BankAccount;
  kyc?: { dossier: string };
  quote?: { confirm?: boolean; minReceived?: string; maxPaid?: string };
  utr?: string;
  previous?: { reference: string; orderId?: string };
  metadata?: Record<string, string>;
}

/** An order, with the fields that this example uses. An unknown status is one of a later version: the order continues. */
export interface Order {
  reference: string;
  status: string;
  attention?: string;
  instructions?: {
    upi?: { qr: string; vpa: string; deepLinks?: { name: string; url: string }[] };
    bank?: { name: string; accountNumber: string; ifsc: string };
    deposit?: { walletAddress: string; amount: string; symbol: string; chainId: number };
    checkoutUrl?: string;
  };
  proof?: { utr?: string; transactionHash?: string; submittedAt: string; acceptedAt?: string };
  settlement?: { transactionHash?: string; amount: Amount };
  expiresAt?: string;
  timeline: { status: string; at: string; note?: string }[];
}

/** An error of the contract. Switch on its type; docs/reference/contract.md lists them. */
export interface ContractError {
  type: string;
  message: string;
  reference?: string;
  fields?: { field: string; problem: string }[];
  order?: Order;
  runId?: string;
}

/** Returns the error of the contract, or undefined if the error is Temporal's own. */
export function contractError(error: unknown): ContractError | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const details = cause instanceof ApplicationFailure ? (cause.details?.[0] as ContractError | undefined) : undefined;
    if (details?.type !== undefined && details.type === (cause as ApplicationFailure).type) return details;
  }
  return undefined;
}

/**
 * Starts an order, or finds the one of its reference, and returns it once its user has something to act on. An order
 * that was started with another request fails as ReferenceTaken. A closed order returns its final state.
 */
export async function startOnramp(client: Client, request: OnrampRequest): Promise<Order> {
  const workflowId = `onramp/${request.reference}`;
  const start = new WithStartWorkflowOperation('Onramp', {
    workflowId,
    taskQueue: 'ramp',
    args: [request],
    // A reference is one order, also after it ended. A request that was refused as invalid may be corrected under its reference.
    workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
    workflowIdConflictPolicy: 'USE_EXISTING',
  });
  try {
    return await client.workflow.executeUpdateWithStart<any, Order, [{ request: OnrampRequest }]>('await-order', {
      startWorkflowOperation: start,
      args: [{ request }],
    });
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return await result(client, request.reference);
    throw error;
  }
}

/** Returns a running order once its user has something to act on. */
export async function awaitOrder(client: Client, request: OnrampRequest): Promise<Order> {
  return await handle(client, request.reference).executeUpdate<Order, [{ request: OnrampRequest }]>('await-order', { args: [{ request }] });
}

/** Submits the UTR of an order's payment, and returns once the provider has accepted it. ProofRefused states the reason of a refusal. */
export async function submitUtr(client: Client, reference: string, utr: string): Promise<Order> {
  return await handle(client, reference).executeUpdate<Order, [{ utr: string }]>('submit-utr', { args: [{ utr }] });
}

/** Returns the current state of an order. */
export async function getOrder(client: Client, reference: string): Promise<Order> {
  return await handle(client, reference).query<Order>('order');
}

/** Returns an order once it has ended. */
export async function result(client: Client, reference: string): Promise<Order> {
  return (await handle(client, reference).result()) as Order;
}

function handle(client: Client, reference: string): WorkflowHandle {
  return client.workflow.getHandle(`onramp/${reference}`);
}
