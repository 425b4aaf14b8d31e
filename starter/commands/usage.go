package commands

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rampart/internal/redact"
)

// What is wrong with a command line is said without repeating any of its values: one of them may be personal data in the
// wrong place.

// usageError says that a command line makes no sense.
type usageError struct {
	message string
	// command has the help that helps, or is empty.
	command string
}

func (e *usageError) Error() string { return e.message }

func misused(cmd *cobra.Command, message string) error {
	return &usageError{message: message, command: cmd.CommandPath()}
}

// noCommand answers a first word that is no command.
func noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	message := "the first argument is not a command"
	if similar := cmd.SuggestionsFor(args[0]); len(similar) > 0 {
		message += fmt.Sprintf("; did you mean %s?", similar[0])
	}
	return misused(cmd, message)
}

// arguments requires exactly the named arguments.
func arguments(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return misused(cmd, names[len(args)]+" is missing")
		case len(args) > len(names):
			return misused(cmd, fmt.Sprintf("takes %d arguments, not %d; is a flag missing before one of them, or quotes around it?", len(names), len(args)))
		default:
			return nil
		}
	}
}

// badFlag answers a flag that cannot be parsed.
func badFlag(cmd *cobra.Command, err error) error {
	var value *pflag.InvalidValueError
	var unknown *pflag.NotExistError
	var malformed *pflag.InvalidSyntaxError
	switch {
	case errors.As(err, &value):
		return misused(cmd, fmt.Sprintf("--%s must be %s", value.GetFlag().Name, wanted(value.GetFlag().Value.Type())))
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() != "":
		return misused(cmd, "unknown flag: -"+unknown.GetSpecifiedName())
	case errors.As(err, &malformed):
		return misused(cmd, "a flag is malformed: it must be like --name or --name=value")
	default:
		return misused(cmd, redact.Text(err.Error()))
	}
}

// wanted describes what a flag of a type takes.
func wanted(kind string) string {
	switch kind {
	case "int", "int64", "uint16":
		return "a whole number"
	case "duration":
		return "a duration such as 90s or 5m"
	case "bool":
		return "true or false"
	case "stringSlice":
		return "names with commas between them"
	case "since":
		return "a span such as 90m or 48h, or a day such as 2026-11-23"
	case "run":
		return "the id of a run, as explain and list -o json show it"
	case "format":
		return "text or json"
	default:
		return "given in another form"
	}
}
