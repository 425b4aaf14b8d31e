package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
)

// maxNumberLength bounds the digits of a number: arithmetic with more of them is slow.
const maxNumberLength = 40

// maxNameLength bounds how much of a member's name an error message repeats.
const maxNameLength = 80

// object reads a JSON object strictly: names are case-sensitive, types exact, null is not a value, and an unknown member is an
// error. It keeps the first problem, so that a reader reads all members and checks once at the end. Problems name members, never
// values.
type object struct {
	path    string
	members map[string]json.RawMessage
	problem *error // shared with the objects inside
}

// readObject calls read with the object in body and returns the first problem.
func readObject(body []byte, read func(*object)) error {
	var problem error
	o := &object{problem: &problem}
	if err := json.Unmarshal(body, &o.members); err != nil || o.members == nil {
		return errors.New("the body must be a JSON object")
	}
	read(o)
	o.refuseRest()
	return problem
}

// text reads a required string that is not empty.
func (o *object) text(name string) string {
	s := o.anyText(name)
	if s == "" {
		o.complain(name, "must not be empty")
	}
	return s
}

// anyText reads a required string.
func (o *object) anyText(name string) string {
	var s string
	o.take(name, '"', "a string", &s)
	return s
}

// optionalText reads a string that may be absent.
func (o *object) optionalText(name string) string {
	if !o.has(name) {
		return ""
	}
	return o.anyText(name)
}

// truth reads a required boolean.
func (o *object) truth(name string) bool {
	raw, ok := o.remove(name)
	if !ok {
		return false
	}
	if !bytes.Equal(raw, []byte("true")) && !bytes.Equal(raw, []byte("false")) {
		o.complain(name, "must be a boolean")
	}
	return bytes.Equal(raw, []byte("true"))
}

// optionalTruth reads a boolean that may be absent.
func (o *object) optionalTruth(name string) bool { return o.has(name) && o.truth(name) }

// optionalInteger reads a JSON number without a fraction that may be absent.
func (o *object) optionalInteger(name string) int64 {
	if !o.has(name) {
		return 0
	}
	return o.integer(name)
}

// amount reads a required JSON number.
func (o *object) amount(name string) decimal.Decimal {
	var n json.Number
	o.take(name, '0', "a number", &n)
	if len(n) > maxNumberLength || strings.ContainsAny(n.String(), "eE") {
		o.complain(name, "must be a plain number")
		return decimal.Zero
	}
	d, err := decimal.NewFromString(n.String())
	if err != nil {
		o.complain(name, "must be a number")
	}
	return d
}

// integer reads a required JSON number without a fraction.
func (o *object) integer(name string) int64 {
	var n int64
	o.take(name, '0', "an integer", &n)
	return n
}

// nested calls read with a required object.
func (o *object) nested(name string, read func(*object)) {
	inner := &object{path: o.path + name + ".", problem: o.problem}
	o.take(name, '{', "an object", &inner.members)
	read(inner)
	inner.refuseRest()
}

// optionalNested is nested for an object that may be absent.
func (o *object) optionalNested(name string, read func(*object)) {
	if o.has(name) {
		o.nested(name, read)
	}
}

// texts reads an optional object all of whose values are strings.
func (o *object) texts(name string) map[string]string {
	values := map[string]string{}
	o.optionalNested(name, func(inner *object) {
		for _, key := range slices.Sorted(maps.Keys(inner.members)) {
			values[key] = inner.anyText(key)
		}
	})
	return values
}

// has reports whether a member is present and not read yet.
func (o *object) has(name string) bool {
	_, ok := o.members[name]
	return ok
}

// complain records a problem, unless there is one already.
func (o *object) complain(name, problem string) {
	if *o.problem == nil {
		*o.problem = fmt.Errorf("%.*s %s", maxNameLength, o.path+name, problem)
	}
}

// take decodes a required member whose JSON starts with opening; '0' stands for any number.
func (o *object) take(name string, opening byte, kind string, into any) {
	raw, ok := o.remove(name)
	if !ok {
		return
	}
	if openingOf(raw) != opening || json.Unmarshal(raw, into) != nil {
		o.complain(name, "must be "+kind)
	}
}

func (o *object) remove(name string) (json.RawMessage, bool) {
	raw, ok := o.members[name]
	if !ok {
		o.complain(name, "is missing")
	}
	delete(o.members, name)
	return raw, ok
}

func (o *object) refuseRest() {
	for _, name := range slices.Sorted(maps.Keys(o.members)) {
		o.complain(name, "is not a documented field")
	}
}

func openingOf(raw json.RawMessage) byte {
	if raw[0] == '-' || (raw[0] >= '0' && raw[0] <= '9') {
		return '0'
	}
	return raw[0]
}
