package records

import (
	"fmt"
	"log/slog"

	"rampart/internal/redact"
)

// Loggers that encode a whole struct would print the masked fields of a record in full.

func (r Record) Format(s fmt.State, verb rune) { redact.Format(s, verb, r) }
func (r Record) LogValue() slog.Value          { return redact.LogValue(r) }
func (r Record) String() string                { return redact.String(r) }

func (o OpenOrder) Format(s fmt.State, verb rune) { redact.Format(s, verb, o) }
func (o OpenOrder) LogValue() slog.Value          { return redact.LogValue(o) }
func (o OpenOrder) String() string                { return redact.String(o) }
