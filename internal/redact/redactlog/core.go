// Package redactlog redacts logs: its zap core shows messages and fields as package redact does.
package redactlog

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"rampart/internal/redact"
)

// Core returns a wrapper for the core of a zap logger, as in zap.WrapCore(redactlog.Core(apiKey)). Messages are shown as free text.
// Fields, including nested ones and those of With, are shown by type: texts, errors and Stringers as by redact.Field with their key;
// numbers and times unchanged, unless their key is personal; and values that zap would encode by reflection as their type only. The
// secrets, which are the process's own credentials, are always hidden.
//
// The wrapped core writes every entry of an enabled level: place samplers and tees around the returned core, not inside.
func Core(secrets ...string) func(zapcore.Core) zapcore.Core { return Hiding(redact.Hider(secrets...)) }

// Hiding is Core with a function that hides the process's own credentials in a text, for those that change.
func Hiding(hide func(string) string) func(zapcore.Core) zapcore.Core {
	return func(next zapcore.Core) zapcore.Core {
		return &core{Core: next, hide: hide}
	}
}

type core struct {
	zapcore.Core
	hide func(string) string
}

// With implements zapcore.Core.
func (c *core) With(fields []zapcore.Field) zapcore.Core {
	return &core{Core: c.Core.With(c.fields(fields)), hide: c.hide}
}

// Check implements zapcore.Core. It adds this core rather than the wrapped one, so that Write is called.
func (c *core) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(entry.Level) {
		return checked.AddCore(entry, c)
	}
	return checked
}

// Write implements zapcore.Core.
func (c *core) Write(entry zapcore.Entry, fields []zapcore.Field) error {
	entry.Message = c.text("", entry.Message)
	entry.LoggerName = c.text("", entry.LoggerName)
	entry.Stack = c.text("", entry.Stack)
	return c.Core.Write(entry, c.fields(fields))
}

// text shows a text according to its key.
func (c *core) text(key, text string) string {
	return redact.Field(key, c.hide(text))
}

func (c *core) fields(fields []zapcore.Field) []zapcore.Field {
	all := make([]zapcore.Field, 0, len(fields))
	for _, field := range fields {
		all = append(all, c.field(field)...)
	}
	return all
}

// field shows a field. Fields with methods are encoded by zap, once, which also recovers from panics in them.
func (c *core) field(field zapcore.Field) []zapcore.Field {
	switch field.Type {
	case zapcore.StringType:
		return []zapcore.Field{zap.String(field.Key, c.text(field.Key, field.String))}
	case zapcore.ErrorType, zapcore.StringerType, zapcore.ByteStringType, zapcore.BinaryType, zapcore.ReflectType,
		zapcore.ArrayMarshalerType, zapcore.ObjectMarshalerType, zapcore.InlineMarshalerType:
		return c.encoded(field)
	case zapcore.NamespaceType, zapcore.SkipType:
		return []zapcore.Field{field}
	default:
		return []zapcore.Field{c.number(field)}
	}
}

// number shows a number or a time, unless its key is personal.
func (c *core) number(field zapcore.Field) zapcore.Field {
	if personal(field.Key) {
		return zap.String(field.Key, redact.Hidden)
	}
	return field
}

func (c *core) encoded(field zapcore.Field) []zapcore.Field {
	encoder := zapcore.NewMapObjectEncoder()
	field.AddTo(encoder)
	var all []zapcore.Field
	for _, key := range slices.Sorted(maps.Keys(encoder.Fields)) {
		all = append(all, zap.Any(key, c.value(key, encoder.Fields[key])))
	}
	return all
}

// value shows a value that zap has encoded. Maps and lists come from marshalers, which choose their contents; all other values that are
// not texts or numbers come from reflection.
func (c *core) value(key string, value any) any {
	switch v := value.(type) {
	case nil:
		return nil
	case string:
		return c.text(key, v)
	case map[string]any:
		shown := make(map[string]any, len(v))
		for inner, of := range v {
			shown[inner] = c.value(inner, of)
		}
		return shown
	case []any:
		shown := make([]any, 0, len(v))
		for _, of := range v {
			shown = append(shown, c.value(key, of))
		}
		return shown
	case time.Time, time.Duration:
		if personal(key) {
			return redact.Hidden
		}
		return v
	case fmt.Stringer:
		return c.text(key, fmt.Sprint(v)) // fmt recovers from panics
	default:
		return c.reflected(key, reflect.ValueOf(v))
	}
}

// reflected shows texts and numbers of any type, and the type only of other values.
func (c *core) reflected(key string, v reflect.Value) any {
	switch v.Kind() {
	case reflect.String:
		return c.text(key, v.String())
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8,
		reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
		if personal(key) {
			return redact.Hidden
		}
		return v.Interface()
	default:
		return fmt.Sprintf("[%s]", v.Type())
	}
}

// personal reports whether every value of a key is hidden or masked.
func personal(key string) bool {
	const anything = "0"
	return redact.Field(key, anything) != anything
}
