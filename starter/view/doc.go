// Package view prints orders on a terminal or into a pipe: details, timelines, tables, QR codes, and a status line that is updated in place.
//
// Accounts in orders are masked already. Every text of the provider passes through clean, so that it cannot send control characters to
// the terminal.
package view
