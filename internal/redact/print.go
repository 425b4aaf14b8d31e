package redact

import (
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// maxDepth bounds the depth of printed values, in case a value contains itself.
const maxDepth = 12

// String prints a value with each field shown as by Field, or in full with the tag redact:"show", for a field that its name would hide.
// A field that its name would show, and must not be, has one of the package's types. String omits empty and unexported fields. Of maps
// named metadata it shows the keys only.
//
// A type that holds personal data implements fmt.Formatter, fmt.Stringer and slog.LogValuer with it, so that no verb of package fmt, no
// logger and no error shows more:
//
//	func (r Request) String() string               { return redact.String(r) }
//	func (r Request) Format(s fmt.State, verb rune) { redact.Format(s, verb, r) }
//	func (r Request) LogValue() slog.Value          { return redact.LogValue(r) }
//
// The type's JSON is unaffected.
func String(value any) string {
	var p printer
	v := reflect.ValueOf(value)
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if v.Kind() == reflect.Struct {
		p.structure(v, 0)
	} else {
		p.value(v, freeText, 0)
	}
	return p.String()
}

// Format writes String(value), quoted for the verb q. It implements fmt.Formatter for a type.
func Format(state fmt.State, verb rune, value any) {
	text := String(value)
	if verb == 'q' {
		text = strconv.Quote(text)
	}
	_, _ = io.WriteString(state, text)
}

// LogValue returns String(value) for slog. It implements slog.LogValuer for a type.
func LogValue(value any) slog.Value { return slog.StringValue(String(value)) }

type printer struct{ strings.Builder }

// value prints a value of the given kind.
func (p *printer) value(v reflect.Value, k kind, depth int) {
	switch {
	case !v.IsValid():
		p.WriteString("nil")
	case depth > maxDepth:
		p.WriteString("…")
	case masks(v):
		p.WriteString(fmt.Sprint(v.Interface()))
	case k == hidden && v.Kind() != reflect.Map && v.Kind() != reflect.Struct && v.Kind() != reflect.Pointer:
		p.WriteString(Hidden)
	case v.Kind() == reflect.String:
		p.WriteString(show(k, v.String()))
	case prints(v):
		p.WriteString(Text(fmt.Sprint(v.Interface())))
	default:
		p.composite(v, k, depth)
	}
}

// prints reports whether a value has a print method, such as a time, an amount, a secret or an error.
func prints(v reflect.Value) bool {
	if !v.CanInterface() || v.Kind() == reflect.Pointer && v.IsNil() {
		return false
	}
	switch v.Interface().(type) {
	case fmt.Formatter, fmt.Stringer, error:
		return true
	default:
		return false
	}
}

// masks reports whether a value has one of this package's types, which print themselves masked.
func masks(v reflect.Value) bool {
	if !v.CanInterface() || v.Kind() == reflect.Pointer {
		return false
	}
	_, prints := v.Interface().(fmt.Formatter)
	return prints && v.Type().PkgPath() == reflect.TypeFor[JSON]().PkgPath()
}

func (p *printer) composite(v reflect.Value, k kind, depth int) {
	switch v.Kind() {
	case reflect.Pointer:
		p.value(v.Elem(), k, depth+1)
	case reflect.Interface:
		p.any(v.Elem(), k, depth)
	case reflect.Struct:
		p.structure(v, depth)
	case reflect.Slice, reflect.Array:
		p.list(v, k, depth)
	case reflect.Map:
		p.table(v, k, depth)
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8,
		reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr, reflect.Float32, reflect.Float64:
		p.WriteString(fmt.Sprint(v))
	default:
		p.WriteString(v.Type().String())
	}
}

// any prints the value in an interface. Of a struct without a print method it prints the type only, because the struct may be a part
// of the program.
func (p *printer) any(v reflect.Value, k kind, depth int) {
	inner := v
	for inner.Kind() == reflect.Pointer {
		inner = inner.Elem()
	}
	if inner.Kind() == reflect.Struct && !prints(v) {
		p.WriteString(v.Type().String())
		return
	}
	p.value(v, k, depth+1)
}

func (p *printer) structure(v reflect.Value, depth int) {
	p.WriteString(v.Type().String() + "{")
	separator := ""
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if !field.IsExported() || v.Field(i).IsZero() {
			continue
		}
		k := kindOf(field.Name)
		if field.Tag.Get("redact") == "show" {
			k = shown
		}
		p.WriteString(separator + field.Name + ":")
		p.value(v.Field(i), k, depth+1)
		separator = " "
	}
	p.WriteString("}")
}

func (p *printer) list(v reflect.Value, k kind, depth int) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		fmt.Fprintf(p, "(%d bytes)", v.Len())
		return
	}
	p.WriteString("[")
	for i := range v.Len() {
		if i > 0 {
			p.WriteString(" ")
		}
		p.value(v.Index(i), k, depth+1)
	}
	p.WriteString("]")
}

func (p *printer) table(v reflect.Value, k kind, depth int) {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	p.WriteString("map[")
	for i, key := range keys {
		if i > 0 {
			p.WriteString(" ")
		}
		name := fmt.Sprint(key)
		p.WriteString(Text(name) + ":")
		if k != hidden {
			p.value(v.MapIndex(key), kindOf(name), depth+1)
		} else {
			p.WriteString(Hidden)
		}
	}
	p.WriteString("]")
}
