package ramp_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/mocks"

	"rampart/ramp"
)

// errDropped is what the server says of an update whose workflow task failed: service/history/workflow/update.
var errDropped = serviceerror.NewWorkflowNotReady("Unable to perform workflow execution update due to unexpected workflow task failure.")

// updates are the ids of the updates sent to a client whose server answers the first so many with errDropped.
type updates []string

func (u *updates) receive(temporal *mocks.Client, dropped int, handle client.WorkflowUpdateHandle) {
	note := func(args mock.Arguments) { *u = append(*u, args.Get(1).(client.UpdateWorkflowOptions).UpdateID) }
	temporal.On("UpdateWorkflow", mock.Anything, mock.Anything).Run(note).Return(nil, errDropped).Times(dropped)
	if handle != nil {
		temporal.On("UpdateWorkflow", mock.Anything, mock.Anything).Run(note).Return(handle, nil).Once()
	}
}

func TestUpdateThatTheServerDropsIsSentAgainUnderItsID(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		temporal, handle := mocks.NewClient(t), mocks.NewWorkflowUpdateHandle(t)
		handle.On("Get", mock.Anything, mock.Anything).Return(nil).Run(func(args mock.Arguments) {
			args.Get(1).(*ramp.Order).Status = ramp.Settling
		})
		var sent updates
		sent.receive(temporal, 2, handle)

		order, err := ramp.NewClient(temporal, nil).SubmitUTR(t.Context(), "order-1", "123456789012")
		require.NoError(t, err)
		require.Equal(t, ramp.Settling, order.Status)
		require.NotEmpty(t, sent[0])
		require.Equal(t, updates{sent[0], sent[0], sent[0]}, sent)
	})
}

func TestUpdateThatTheServerKeepsDroppingIsAnErrorInSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		temporal := mocks.NewClient(t)
		temporal.On("DescribeWorkflow", mock.Anything, "onramp/order-1", "").Return(nil, errors.New("away"))
		var sent updates
		sent.receive(temporal, 6, nil)

		_, err := ramp.NewClient(temporal, nil).SubmitUTR(t.Context(), "order-1", "123456789012")
		require.ErrorIs(t, err, errDropped)
		require.Len(t, sent, 6)
	})
}

func TestOrderIsReadAgainWhileItsWorkflowTaskFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		there := &orderThere{order: &ramp.Order{Reference: "inv-42", Direction: ramp.Onramp, Status: ramp.Settling}, failing: 5}
		order, err := ramp.NewClient(there, nil).Get(t.Context(), ramp.ID{Direction: ramp.Onramp, Reference: "inv-42"})
		require.NoError(t, err)
		require.Equal(t, ramp.Settling, order.Status)

		there.failing = 100
		began := time.Now()
		_, err = ramp.NewClient(there, nil).Get(t.Context(), ramp.ID{Direction: ramp.Onramp, Reference: "inv-42"})
		require.ErrorContains(t, err, "failed state")
		require.Less(t, time.Since(began), 5*time.Second)
	})
}

func TestOrderIsReadAgainFromAWorkerThatHadNoCPUForIt(t *testing.T) {
	t.Parallel()
	there := &orderThere{order: &ramp.Order{Reference: "inv-42", Direction: ramp.Onramp, Status: ramp.Settling}, busy: 2}
	order, err := ramp.NewClient(there, nil).Get(t.Context(), ramp.ID{Direction: ramp.Onramp, Reference: "inv-42"})
	require.NoError(t, err)
	require.Equal(t, ramp.Settling, order.Status)

	there.busy = 100
	_, err = ramp.NewClient(there, nil).Get(t.Context(), ramp.ID{Direction: ramp.Onramp, Reference: "inv-42"})
	require.ErrorContains(t, err, "deadlock")
	require.Equal(t, 97, there.busy)
}
