package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"rampart/sandbox/fault"

	"github.com/shopspring/decimal"
)

// rewrites returns a fault that alters the provider's answer. An answer that is not JSON stays unchanged.
func rewrites(change func(x *injection, body any) any) func(*injection) {
	return func(x *injection) {
		answer := x.callProvider()
		maps.Copy(x.writer.Header(), answer.header)
		x.writer.Header().Set(fault.Header, x.fault.String())
		decoder := json.NewDecoder(bytes.NewReader(answer.body.Bytes()))
		decoder.UseNumber()
		var body any
		if decoder.Decode(&body) != nil {
			x.writer.WriteHeader(answer.status)
			_, _ = answer.body.WriteTo(x.writer)
			return
		}
		writeJSON(x.writer, answer.status, change(x, body))
	}
}

// walk replaces every member of the objects in a body, or removes it where change returns false.
func walk(body any, change func(name string, value any) (any, bool)) any {
	switch v := body.(type) {
	case map[string]any:
		for name, value := range v {
			changed, keep := change(name, walk(value, change))
			if v[name] = changed; !keep {
				delete(v, name)
			}
		}
	case []any:
		for i := range v {
			v[i] = walk(v[i], change)
		}
	}
	return body
}

func withoutFields(x *injection, body any) any {
	fields := strings.Split(x.fault.Fields, ",")
	return walk(body, func(name string, value any) (any, bool) { return value, !slices.Contains(fields, name) })
}

// saysFields replaces the provider's own texts and numbers by the rule's message.
func saysFields(x *injection, body any) any {
	fields := strings.Split(x.fault.Fields, ",")
	return walk(body, func(name string, value any) (any, bool) {
		switch value.(type) {
		case string, json.Number:
			if slices.Contains(fields, name) {
				return x.fault.Message, true
			}
		}
		return value, true
	})
}

func earlier(x *injection, body any) any {
	return walk(body, func(name string, value any) (any, bool) {
		text, _ := value.(string)
		at, err := time.Parse(time.RFC3339, text)
		if name != "created_at" || err != nil {
			return value, true
		}
		return timestamp(at.Add(-time.Duration(x.fault.Lag))), true
	})
}

// withPaymentModes adds the order's payment mode to each row of the history.
func (x *injection) withPaymentModes(body any) any {
	s := x.server
	s.mu.Lock()
	defer s.mu.Unlock()
	answer, _ := body.(map[string]any)
	rows, _ := answer["data"].([]any)
	for _, row := range rows {
		fields, _ := row.(map[string]any)
		id, _ := fields["orderId"].(string)
		if o, ok := s.store.ordersByID[id]; ok {
			fields["paymentMode"] = o.paymentMode
		}
	}
	return body
}

// quoted are the members of a quote that are amounts.
func quoted() []string {
	return []string{"receivedTokens", "conversionRate", "sellTokens", "fiatAmount", "gasFee"}
}

// spells rewrites the amounts of a quote; numbers stay numbers and strings stay strings.
func spells(body any, spell func(decimal.Decimal) string) any {
	return walk(body, func(name string, value any) (any, bool) {
		if !slices.Contains(quoted(), name) {
			return value, true
		}
		switch v := value.(type) {
		case json.Number:
			if d, err := decimal.NewFromString(v.String()); err == nil {
				return json.Number(spell(d)), true
			}
		case string:
			if d, err := decimal.NewFromString(v); err == nil {
				return spell(d), true
			}
		}
		return value, true
	})
}

func scientific(_ *injection, body any) any {
	return spells(body, func(d decimal.Decimal) string {
		digits := d.Coefficient()
		further := int32(len(digits.String())) - 1
		return fmt.Sprintf("%se%d", decimal.NewFromBigInt(digits, -further), d.Exponent()+further)
	})
}

// manyDecimals adds less than a unit of the last digit to each amount.
func manyDecimals(_ *injection, body any) any {
	return spells(body, func(d decimal.Decimal) string {
		return d.Add(decimal.New(16171818, min(d.Exponent(), 0)-9)).String()
	})
}
