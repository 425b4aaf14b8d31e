package workflows

import (
	"go.temporal.io/sdk/workflow"

	"rampart/ramp"
)

// Registry is what workflows are registered with: a worker, a test environment or a replayer.
type Registry interface {
	RegisterWorkflowWithOptions(workflow any, options workflow.RegisterOptions)
	RegisterDynamicWorkflow(workflow any, options workflow.DynamicRegisterOptions)
}

// Register registers every workflow under its name in the contract, and a handler for misspelt names.
func Register(registry Registry) {
	registry.RegisterWorkflowWithOptions(Onramp, workflow.RegisterOptions{Name: ramp.OnrampWorkflow})
	registry.RegisterWorkflowWithOptions(Adoption, workflow.RegisterOptions{Name: ramp.AdoptionWorkflow})
	registry.RegisterWorkflowWithOptions(LateEvents, workflow.RegisterOptions{Name: ramp.LateEventsWorkflow})
	registry.RegisterWorkflowWithOptions(LateRecord, workflow.RegisterOptions{
		Name: ramp.LateRecordWorkflow, VersioningBehavior: workflow.VersioningBehaviorAutoUpgrade, // it may be open for days
	})
	registry.RegisterWorkflowWithOptions(DisabledEndpoint, workflow.RegisterOptions{
		Name: ramp.DisabledEndpointWorkflow, VersioningBehavior: workflow.VersioningBehaviorAutoUpgrade, // it may be open for months
	})
	registry.RegisterWorkflowWithOptions(WorkerLease, workflow.RegisterOptions{
		Name: ramp.WorkerLeaseWorkflow, VersioningBehavior: workflow.VersioningBehaviorAutoUpgrade, // it may be open for months
	})
	registry.RegisterDynamicWorkflow(misnamed, workflow.DynamicRegisterOptions{})
	registry.RegisterWorkflowWithOptions(Offramp, workflow.RegisterOptions{Name: ramp.OfframpWorkflow})
}
