// Package view prints orders on a terminal or into a pipe: details, timelines, tables, QR codes, and a status line that is updated in place.
//
// What it prints comes from orders, whose accounts are masked already, and passes through clean, so that no text of
// the provider can steer the terminal.
package view
