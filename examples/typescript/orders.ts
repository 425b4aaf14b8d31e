// Orders over Rampart's HTTP API. The types are those of the API's document.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

export type Order = components["schemas"]["Order"];
export type OnrampRequest = components["schemas"]["OnrampRequest"];
type Problem = components["schemas"]["Problem"];

/** RampartError is a problem that the API answered. */
export class RampartError extends Error {
  constructor(
    readonly status: number,
    readonly problem: Partial<Problem>,
  ) {
    super(problem.detail ?? problem.title ?? `the gateway answered ${status}`);
  }
}

export class Orders {
  private readonly api;

  constructor(baseUrl: string, token: string) {
    this.api = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });
  }

  /** buy starts an order, or returns the one with this reference, once its user can act. It may be called again after any error. */
  async buy(reference: string, request: Omit<OnrampRequest, "reference">): Promise<Order> {
    return answer(
      await this.api.PUT("/v1/onramp/orders/{reference}", {
        params: { path: { reference }, header: { Prefer: "wait=20" } },
        body: { ...request, reference },
      }),
    );
  }

  async get(reference: string): Promise<Order> {
    return answer(await this.api.GET("/v1/onramp/orders/{reference}", { params: { path: { reference } } }));
  }

  /** submitUtr submits the UTR of the user's payment, and returns once the provider has accepted it. */
  async submitUtr(reference: string, utr: string): Promise<Order> {
    return answer(await this.api.POST("/v1/onramp/orders/{reference}/utr", { params: { path: { reference } }, body: { utr } }));
  }
}

function answer(got: { data?: Order; error?: Partial<Problem>; response: Response }): Order {
  if (got.data === undefined) {
    throw new RampartError(got.response.status, got.error ?? {});
  }
  return got.data;
}
