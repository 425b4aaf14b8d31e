// Package view shows orders to people: cards, timelines, tables, QR codes, and a status line that moves.
//
// What it prints comes from orders, whose accounts are masked already, and passes through clean, so that no text of
// the provider can steer the terminal.
package view
