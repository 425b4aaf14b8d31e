// Package records keeps the final states of orders, encrypted, in a blob store by day, so that books outlive the retention of a Temporal
// namespace, and a reference that was used before it is still known.
//
// # Objects
//
// A store is a prefix in a bucket, or a directory. It has two objects for each order that has ended:
//
//	day=2026-11-27/143015.250000-<order>   the record: the order's final state and its user's e-mail address
//	reference/<two digits>/<order>         the name of that record
//
// and one object for each order that the provider has and that has not ended:
//
//	open/<order>                           the order with its request, from which it is found again if Temporal loses it
//
// <order> is the SHA-256 of the order's workflow id, in hexadecimal digits. The day and the time of the end are those of India. Names hold
// nothing else, and no personal data. Each object is encrypted and authenticated by [Keys] together with its name: under another name, or
// changed, it is not read.
//
// An order has one record, which is written before the open order is deleted. Keeping it again writes the same objects. An order that ends a second time, because its last workflow task is
// repeated or an operator has reset it, replaces its record: the reference, which is written first, names both until the earlier is deleted.
//
// A record that is forgotten is deleted alone. The reference stays and names a record that is missing, so that no other order takes it. Each
// deletion is of one object and changes no other, so that it may be cut off anywhere, and keeps nothing from a writer.
package records
