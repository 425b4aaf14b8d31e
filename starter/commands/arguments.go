package commands

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rampart/internal/redact"
)

// usageError reports an invalid command line. No usage error repeats an argument or a flag's value: it may be personal data in the wrong
// place.
type usageError struct {
	message string
	// command is the command whose help is suggested, or empty.
	command string
}

func (e *usageError) Error() string { return e.message }

func misused(cmd *cobra.Command, message string) error {
	return &usageError{message: message, command: cmd.CommandPath()}
}

// commandGroup completes a command that only has subcommands: alone it prints its help.
func commandGroup(command *cobra.Command, subcommands ...*cobra.Command) *cobra.Command {
	command.Args = noArguments
	command.SuggestionsMinimumDistance = 2
	command.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	command.AddCommand(subcommands...)
	return command
}

// noArguments rejects any argument of a command that has subcommands: it is a mistyped subcommand.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	message := "unknown command"
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
			return misused(cmd, "missing argument "+names[len(args)])
		case len(args) > len(names):
			return misused(cmd, fmt.Sprintf("too many arguments: expected %d, got %d; check for a missing flag name or missing quotes", len(names), len(args)))
		default:
			return nil
		}
	}
}

// invalidFlag converts pflag's error about a flag.
func invalidFlag(cmd *cobra.Command, err error) error {
	var value *pflag.InvalidValueError
	var unknown *pflag.NotExistError
	var malformed *pflag.InvalidSyntaxError
	switch {
	case errors.As(err, &value):
		return misused(cmd, fmt.Sprintf("--%s must be %s", value.GetFlag().Name, accepted(value.GetFlag().Value.Type())))
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() != "":
		return misused(cmd, "unknown flag: -"+unknown.GetSpecifiedName())
	case errors.As(err, &malformed):
		return misused(cmd, "malformed flag: it must have the form --name or --name=value")
	default:
		return misused(cmd, redact.Text(err.Error()))
	}
}

// accepted describes the values that a type of flag accepts.
func accepted(flagType string) string {
	switch flagType {
	case "int", "int64", "uint16":
		return "a whole number"
	case "duration":
		return "a duration such as 90s or 5m"
	case "bool":
		return "true or false"
	case "stringSlice":
		return "names separated by commas"
	case "since":
		return "a duration such as 90m or 48h, or a date such as 2026-11-23"
	case "day":
		return "a day such as 2026-11-27"
	case "run":
		return "a run id, as shown by explain and list -o json"
	case "format":
		return "text or json"
	default:
		return "of another form"
	}
}
