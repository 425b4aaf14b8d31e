package bench

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// heartbeats returns how many activity heartbeats the server has received, by its own metrics.
func (s *stack) heartbeats(ctx context.Context) (float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.metricsURL, nil)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	total := 0.0
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if !isHeartbeats(lines.Text()) {
			continue
		}
		value, err := strconv.ParseFloat(lines.Text()[strings.LastIndexByte(lines.Text(), ' ')+1:], 64)
		if err != nil {
			return 0, fmt.Errorf("parse the metrics of the server: %w", err)
		}
		total += value
	}
	return total, lines.Err()
}

func isHeartbeats(line string) bool {
	return strings.HasPrefix(line, "service_requests{") && strings.Contains(line, `operation="RecordActivityTaskHeartbeat"`) &&
		strings.Contains(line, `service_name="frontend"`)
}
