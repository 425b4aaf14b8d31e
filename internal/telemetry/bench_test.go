package telemetry_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/internal/telemetry"
)

// BenchmarkMeasurement measures one measurement through Temporal's SDK: labels, instrument and value.
func BenchmarkMeasurement(b *testing.B) {
	metrics, err := telemetry.NewMetrics(telemetry.Build{}, func(err error) { require.NoError(b, err) })
	require.NoError(b, err)
	worker := metrics.Temporal().WithTags(map[string]string{"namespace": "default", "task_queue": "ramp"})
	b.ReportAllocs()
	for b.Loop() {
		worker.WithTags(map[string]string{"direction": "onramp", "status": "settling"}).Timer("ramp_order_stage_duration").Record(time.Second)
	}
}
