package check_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/require"
)

func TestEachProfileOfTheComposeFileIsWhole(t *testing.T) {
	t.Parallel()
	plain := []string{
		"codec-server", "postgresql", "setup", "temporal", "temporal-schema", "temporal-ui", "worker",
	}
	tests := map[string][]string{
		"":           nil,
		"sandbox":    {"sandbox"},
		"monitoring": {"grafana", "prometheus"},
		"tools":      {"starter"},
	}
	for profile, more := range tests {
		t.Run(profile, func(t *testing.T) {
			t.Parallel()
			require.ElementsMatch(t, append(more, plain...), compose(t, profile).ServiceNames())
		})
	}
}

func TestEverythingIsPublishedOnThisMachineAlone(t *testing.T) {
	t.Parallel()
	for name, service := range compose(t, "*").Services {
		for _, port := range service.Ports {
			require.Equal(t, "127.0.0.1", port.HostIP, name)
		}
	}
}

func TestOurContainersHaveNoRights(t *testing.T) {
	t.Parallel()
	project := compose(t, "*")
	for _, name := range []string{"setup", "codec-server", "worker", "sandbox", "starter"} {
		service := project.Services[name]
		require.True(t, service.ReadOnly, name)
		require.Equal(t, []string{"ALL"}, service.CapDrop, name)
		require.Equal(t, []string{"no-new-privileges:true"}, service.SecurityOpt, name)
	}
}

func TestContainerOfTheWorkerIsKilledOnlyAfterItsStopTimeout(t *testing.T) {
	t.Parallel()
	worker := compose(t, "").Services["worker"]

	require.GreaterOrEqual(t, time.Duration(*worker.StopGracePeriod), 25*time.Second+10*time.Second)
}

func TestEveryFileThatIsMountedIsThere(t *testing.T) {
	t.Parallel()
	for name, service := range compose(t, "*").Services {
		for _, volume := range service.Volumes {
			if volume.Type != types.VolumeTypeBind {
				continue
			}
			_, err := os.Stat(volume.Source)
			require.NoError(t, err, name)
		}
	}
}

func TestContainersAreToldWhatTheProgramsRead(t *testing.T) {
	t.Parallel()
	project, read := compose(t, "*"), variablesOfTheCode(t)
	for _, name := range []string{"setup", "codec-server", "worker", "sandbox", "starter"} {
		for variable := range project.Services[name].Environment {
			require.True(t, read[variable], "%s of %s", variable, name)
		}
	}
}

// TestSandboxIsOnTheWorkersLoopback holds why it is: the worker talks to no provider without TLS elsewhere.
func TestSandboxIsOnTheWorkersLoopback(t *testing.T) {
	t.Parallel()
	project := compose(t, "sandbox")

	require.Equal(t, "service:worker", project.Services["sandbox"].NetworkMode)
	require.True(t, strings.HasPrefix(*project.Services["worker"].Environment["ONMETA_BASE_URL"], "http://127.0.0.1:"))
}

// compose reads the compose file as Docker Compose does, with the defaults of its variables; profile "*" is all.
func compose(t *testing.T, profile string) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{"../../compose.yaml"}, cli.WithProfiles([]string{profile}))
	require.NoError(t, err)
	project, err := options.LoadProject(t.Context())
	require.NoError(t, err)
	return project
}
