// Package settings reads a program's settings from environment variables and reports all that are missing or malformed at
// once, without their values, which may be secret.
package settings

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// Parse reads environment variables into the struct that into points to, by its env and envPrefix tags. It returns one error
// for each variable that is missing or malformed.
func Parse(into any, environment map[string]string) []error {
	err := env.ParseWithOptions(into, env.Options{Environment: environment})
	if err == nil {
		return nil
	}
	var all env.AggregateError
	if !errors.As(err, &all) {
		return []error{err}
	}
	variables := variablesOf(reflect.TypeOf(into).Elem(), "")
	var problems []error
	for _, one := range all.Errors {
		problems = append(problems, explain(one, variables))
	}
	return problems
}

func explain(err error, variables map[string]string) error {
	var empty env.EmptyVarError
	var unset env.VarIsNotSetError
	var malformed env.ParseError
	switch {
	case errors.As(err, &empty):
		return fmt.Errorf("%s must be set", empty.Key)
	case errors.As(err, &unset):
		return fmt.Errorf("%s must be set", unset.Key)
	case errors.As(err, &malformed):
		return fmt.Errorf("%s must be %s", variables[malformed.Name], expected(malformed.Type))
	default:
		return err
	}
}

// expected describes the values that a type accepts.
func expected(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return "a duration with its unit, such as 25s"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Float64:
		return "a number"
	default:
		return "a whole number"
	}
}

// variablesOf returns the environment variables of a struct's fields by the fields' names. An env.ParseError names the field
// only.
func variablesOf(t reflect.Type, prefix string) map[string]string {
	variables := make(map[string]string)
	for i := range t.NumField() {
		field := t.Field(i)
		if name, _, _ := strings.Cut(field.Tag.Get("env"), ","); name != "" && name != "-" {
			variables[field.Name] = prefix + name
		}
		if nested, found := field.Tag.Lookup("envPrefix"); found {
			for name, variable := range variablesOf(field.Type, prefix+nested) {
				variables[name] = variable
			}
		}
	}
	return variables
}

// NewError returns an error that lists the problems of a program's configuration, each on a line of its own, or nil if there are none.
func NewError(program string, problems []error) error {
	if len(problems) == 0 {
		return nil
	}
	lines := []string{"the configuration of the " + program + " is invalid; nothing was started:"}
	for _, problem := range problems {
		lines = append(lines, "  "+problem.Error())
	}
	return errors.New(strings.Join(lines, "\n"))
}
