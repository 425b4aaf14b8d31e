// Package nondeterministic does what workflow code must not, so that a test can see workflowcheck find it.
package nondeterministic

import (
	"math/rand/v2"
	"os"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

func Register(r worker.WorkflowRegistry) {
	r.RegisterWorkflow(Clock)
	r.RegisterWorkflow(Identifier)
	r.RegisterWorkflow(Chance)
	r.RegisterWorkflow(Environment)
	r.RegisterWorkflow(MapOrder)
}

func Clock(workflow.Context) (time.Time, error) { return time.Now(), nil }

func Identifier(workflow.Context) (string, error) { return uuid.NewString(), nil }

func Chance(workflow.Context) (int, error) { return rand.N(10), nil }

func Environment(workflow.Context) (string, error) { return os.Getenv("HOME"), nil }

func MapOrder(_ workflow.Context, amounts map[string]string) (string, error) {
	for name := range amounts {
		return name, nil
	}
	return "", nil
}
