// Package torture runs orders by the thousand against a provider that fails, while it kills workers and the Temporal
// server, and compares afterwards, order by order, what the workflows say with what the provider did.
package torture
