package view

import (
	"fmt"
	"net/http"
	"strings"
	"time"

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
