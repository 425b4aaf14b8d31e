package activities

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"
)

// listening takes every heartbeat.
type listening struct{ client.Client }

func (listening) RecordActivityHeartbeatWithOptions(context.Context, client.RecordActivityHeartbeatOptions) error {
	return nil
}

// Its token may match that of the attempt that has begun elsewhere, after an operator has reset the activity.
func TestAttemptWhoseWorkerStoodStillAsksForNoOrder(t *testing.T) {
	t.Parallel()
	for stood, asks := range map[time.Duration]bool{7 * time.Second: true, 9 * time.Second: false} {
		synctest.Test(t, func(t *testing.T) {
			a := &creationAttempt{temporal: listening{}, heard: now().Round(0), info: activity.Info{
				HeartbeatTimeout: callHeartbeatTimeout, WorkflowType: &workflow.Type{}, Attempt: 1,
			}}
			time.Sleep(stood)
			_, err := a.announce(t.Context(), now().Add(time.Minute))
			require.Equal(t, asks, err == nil, "%v", err)
		})
	}
}
