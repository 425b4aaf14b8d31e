package delivery

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
)

// slotTimeout is how long a batch holds its slot while the one before it is delivered.
const slotTimeout = 10 * time.Second

const abandon = enumspb.PARENT_CLOSE_POLICY_ABANDON

// Calls are the activities.
type Calls struct {
	temporal client.Client
	endpoint string
	http     *http.Client
}

// Provider takes as long as the provider does.
func (*Calls) Provider(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Signal hands a batch to the workflow that delivers the events of its order.
func (c *Calls) Signal(ctx context.Context, batch Batch) error {
	id := perOrderID(batch.Events[0].Reference)
	_, err := c.temporal.SignalWithStartWorkflow(ctx, id, batchSignal, batch, client.StartWorkflowOptions{ID: id, TaskQueue: DeliveryTaskQueue}, deliverWorkflow)
	return err
}

// Start starts the activity that delivers a batch. A repetition starts no second one.
func (c *Calls) Start(ctx context.Context, id string, batch Batch) error {
	_, err := c.temporal.ExecuteActivity(ctx, client.StartActivityOptions{
		ID: id, TaskQueue: DeliveryTaskQueue, StartToCloseTimeout: time.Minute, RetryPolicy: retries(),
		ActivityIDConflictPolicy: enumspb.ACTIVITY_ID_CONFLICT_POLICY_USE_EXISTING,
		ActivityIDReusePolicy:    enumspb.ACTIVITY_ID_REUSE_POLICY_REJECT_DUPLICATE,
	}, c.Deliver, batch)
	return err
}

// Deliver sends the events of a batch, one request each, once the batch before it is delivered.
func (c *Calls) Deliver(ctx context.Context, batch Batch) error {
	if err := c.awaitPrevious(ctx, batch.Previous); err != nil {
		return err
	}
	for _, event := range batch.Events {
		if err := c.send(ctx, event); err != nil {
			return err
		}
	}
	return nil
}

// awaitPrevious waits for the batch before as the deliveries of orders do: it holds its slot only if that one is tried soon.
func (c *Calls) awaitPrevious(ctx context.Context, id string) error {
	if id == "" {
		return nil
	}
	previous := c.temporal.GetActivityHandle(client.GetActivityHandleOptions{ActivityID: id})
	ended, next, err := hasEnded(ctx, previous)
	if err == nil && !ended && time.Until(next) < slotTimeout {
		polling, stop := context.WithTimeout(ctx, slotTimeout)
		_ = previous.Get(polling, nil)
		stop()
		ended, next, err = hasEnded(ctx, previous)
	}
	if err != nil || ended {
		return err
	}
	return temporal.NewApplicationErrorWithOptions("the batch before is not delivered yet", "PreviousUnderWay", temporal.ApplicationErrorOptions{
		NextRetryDelay: max(time.Until(next), 0) + time.Second + rand.N(time.Second),
		Category:       temporal.ApplicationErrorCategoryBenign,
	})
}

// hasEnded reports whether an activity has ended, and when it is tried next if not.
func hasEnded(ctx context.Context, batch client.ActivityHandle) (bool, time.Time, error) {
	described, err := batch.Describe(ctx, client.DescribeActivityOptions{})
	var absent *serviceerror.NotFound
	switch {
	case errors.As(err, &absent):
		return true, time.Time{}, nil
	case err != nil:
		return false, time.Time{}, err
	}
	return described.Status != enumspb.ACTIVITY_EXECUTION_STATUS_RUNNING, described.NextAttemptScheduleTime, nil
}

func (c *Calls) send(ctx context.Context, event Event) error {
	body, err := json.Marshal(event)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusNoContent {
		return fmt.Errorf("the endpoint answered %s", response.Status)
	}
	return nil
}
