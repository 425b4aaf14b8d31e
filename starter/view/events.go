package view

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/lipgloss/table"

	"rampart/ramp"
	"rampart/ramp/situation"
)

// Received prints an event that was received as one line: when, what changed, and the answer to it.
func (s *Screen) Received(at time.Time, event ramp.Event, signature string, answer int, problem string) {
	parts := []string{situation.India(at).Format("15:04:05")}
	if event.Reference != "" {
		what := strings.TrimPrefix(string(event.Type), "ramp.order.")
		parts = append(parts, clean(what), clean(event.Direction.WorkflowID(event.Reference)), Words(event.Status), fmt.Sprintf("version %d", event.Version))
	}
	if event.Attention {
		parts = append(parts, "needs attention")
	}
	if signature != "valid" {
		parts = append(parts, "signature: "+signature)
	}
	if problem != "" {
		parts = append(parts, problem)
	}
	mark := s.styles.good
	if answer >= http.StatusMultipleChoices {
		mark = s.styles.bad
	}
	parts = append(parts, mark.Render(fmt.Sprint(answer)))
	s.Line(strings.Join(parts, "  "))
}

// Deliveries prints deliveries as a table without lines, in the given order.
func (s *Screen) Deliveries(all []ramp.Delivery) {
	deliveries := table.New().
		Headers("ENDPOINT", "ORDER", "STATE", "SINCE (IST)", "ATTEMPTS", "WHY", "ID").
		BorderTop(false).BorderBottom(false).BorderLeft(false).BorderRight(false).BorderHeader(false).BorderColumn(false).
		StyleFunc(func(row, _ int) lipgloss.Style {
			if row == table.HeaderRow {
				return s.styles.label.PaddingRight(2)
			}
			return lipgloss.NewStyle().PaddingRight(2)
		})
	for _, d := range all {
		style := map[ramp.DeliveryState]lipgloss.Style{ramp.Delivered: s.styles.good, ramp.DeliveryFailed: s.styles.bad}[d.State]
		since := d.StartedAt
		if !d.ClosedAt.IsZero() {
			since = d.ClosedAt
		}
		attempts := ""
		if d.Attempts > 0 {
			attempts = strconv.Itoa(d.Attempts)
		}
		deliveries.Row(clean(d.Endpoint), clean(d.WorkflowID), style.Render(string(d.State)), situation.India(since).Format("2 Jan 15:04:05"), attempts,
			whyNotDelivered(d), clean(d.ID))
	}
	for line := range strings.Lines(deliveries.String()) {
		s.Line(strings.TrimRight(line, " \n"))
	}
}

// whyNotDelivered words the last failure of a delivery, and when it is tried again.
func whyNotDelivered(d ramp.Delivery) string {
	if d.Failure == "" {
		return ""
	}
	why := map[ramp.DeliveryFailure]string{
		ramp.EventNotDelivered:        "the endpoint did not take an event",
		ramp.EventRefused:             "the endpoint refused an event for good",
		ramp.EndpointGone:             "the endpoint answered 410",
		ramp.EndpointDisabled:         "the endpoint is disabled",
		ramp.PreviousDeliveryUnderWay: "waits for the events before",
		ramp.DeliveryTimeout:          "no answer in time",
		ramp.DeliveryEnded:            "ended by somebody",
	}[d.Failure]
	if why == "" {
		why = clean(string(d.Failure))
	}
	if !d.NextAttemptAt.IsZero() {
		why += "; again at " + situation.India(d.NextAttemptAt).Format("15:04:05")
	}
	return why
}
