package stack

import (
	"context"
	"errors"
	"path/filepath"

	"rampart/internal/process"
)

// tailLines is how many lines of a log a FailedError has.
const tailLines = 20

// FailedError reports which program made a stack fail.
type FailedError struct {
	// Purpose is that of the stack.
	Purpose string
	Cause   error
	// Log is the path of the program's log, and Tail its last lines.
	Log  string
	Tail []string
}

// Error implements error.
func (e *FailedError) Error() string { return "the " + e.Purpose + " failed: " + e.Cause.Error() }

// Unwrap returns the cause.
func (e *FailedError) Unwrap() error { return e.Cause }

// Details returns the last lines of the program's log, and where the other logs are.
func (e *FailedError) Details() []string {
	var lines []string
	if len(e.Tail) > 0 {
		lines = append(lines, "The last lines of "+e.Log+":")
		for _, line := range e.Tail {
			lines = append(lines, "  "+line)
		}
	}
	return append(lines, "The logs of all programs are in "+filepath.Dir(e.Log)+".")
}

// diagnose finds the program that made the stack fail. An interruption is not a failure of a program.
func (s *Stack) diagnose(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	part := worker
	if lost := new(process.ExitError); errors.As(err, &lost) || errors.As(context.Cause(ctx), &lost) {
		err, part = lost, lost.Program
	} else if ctx.Err() != nil {
		return &interruptedError{s.options.Purpose, ctx.Err()}
	}
	if failed := new(programError); errors.As(err, &failed) {
		part = failed.program
	}
	found := s.processes.Find(part)
	if found == nil {
		return err
	}
	return &FailedError{Purpose: s.options.Purpose, Cause: err, Log: found.Log(), Tail: process.Tail(found.Log(), tailLines)}
}

// Wait returns once ctx ends: nil, or the *process.ExitError of a program that exited.
func Wait(ctx context.Context) error {
	<-ctx.Done()
	if lost := new(process.ExitError); errors.As(context.Cause(ctx), &lost) {
		return lost
	}
	return nil
}

// interruptedError reports that a stack was stopped before its use ended.
type interruptedError struct {
	purpose string
	cause   error
}

func (e *interruptedError) Error() string {
	return "the " + e.purpose + " was interrupted; everything that it had started is stopped"
}

func (e *interruptedError) Unwrap() error { return e.cause }

// programError is an error with the name of the program whose log may explain it.
type programError struct {
	program string
	cause   error
}

func (e *programError) Error() string { return e.cause.Error() }

func (e *programError) Unwrap() error { return e.cause }
