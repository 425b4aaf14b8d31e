// Package torture runs thousands of orders against a provider that fails, kills workers and the Temporal server meanwhile, and then
// compares, order by order, the results of the workflows with the ledger of the provider.
package torture
