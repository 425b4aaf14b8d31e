package settings_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/internal/settings"
)

type inner struct {
	URL     string        `env:"URL,notEmpty"`
	Rate    float64       `env:"RATE" envDefault:"50"`
	Timeout time.Duration `env:"TIMEOUT"`
}

type program struct {
	Inner   inner `envPrefix:"INNER_"`
	Verbose *bool `env:"VERBOSE"`
	Count   int64 `env:"COUNT"`
	derived string
}

func TestSettingsAreReadFromTheEnvironmentWithDefaults(t *testing.T) {
	t.Parallel()
	var p program
	require.Empty(t, settings.Parse(&p, map[string]string{"INNER_URL": "https://example.test", "VERBOSE": "true", "COUNT": ""}))

	verbose := true
	require.Equal(t, program{Inner: inner{URL: "https://example.test", Rate: 50}, Verbose: &verbose}, p)
	require.Empty(t, p.derived)
}

func TestEveryProblemNamesItsVariableAndNoValue(t *testing.T) {
	t.Parallel()
	problems := settings.Parse(new(program), map[string]string{
		"INNER_RATE": "hunter2", "INNER_TIMEOUT": "hunter2", "VERBOSE": "hunter2", "COUNT": "hunter2",
	})

	err := settings.NewError("worker", problems)

	for _, problem := range []string{
		"the configuration of the worker is invalid; nothing was started:\n",
		"\n  INNER_URL must be set", "\n  INNER_RATE must be a number", "\n  INNER_TIMEOUT must be a duration", "\n  VERBOSE must be true or false",
		"\n  COUNT must be a whole number",
	} {
		require.ErrorContains(t, err, problem)
	}
	require.NotContains(t, err.Error(), "hunter2")
}

func TestConfigurationWithoutProblemsHasNoError(t *testing.T) {
	t.Parallel()
	require.NoError(t, settings.NewError("worker", nil))
	require.ErrorContains(t, settings.NewError("worker", []error{errors.New("RATE must be above 0")}), "RATE must be above 0")
}
