// Package baseline holds what a user would write in place of Rampart, to compare with. It makes the same calls to the provider,
// with the same client, for on-ramp orders paid by UPI.
package baseline
