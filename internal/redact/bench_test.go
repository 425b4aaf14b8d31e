package redact_test

import (
	"testing"

	"rampart/internal/redact"
)

func BenchmarkText(b *testing.B) {
	for name, text := range map[string]string{
		"word":  "linking_account",
		"line":  "onmeta orders/create: refused (HTTP 404): Bank details are not found for the user",
		"found": "account 50100000004821 of asha@example.test at 2026-11-23T06:00:46Z",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				redact.Text(text)
			}
		})
	}
}

func BenchmarkField(b *testing.B) {
	for b.Loop() {
		redact.Field("WorkflowType", "Onramp")
	}
}
