package check_test

import (
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/require"
)

var (
	ours    = []string{"setup", "codec-server", "gateway", "worker", "sandbox", "starter"}
	proxies = []string{"temporal-ui-proxy", "prometheus-proxy", "grafana-proxy"}
)

func TestEachComposeProfileStartsItsDependencies(t *testing.T) {
	t.Parallel()
	plain := []string{
		"codec-server", "gateway", "postgresql", "setup", "temporal", "temporal-schema", "temporal-ui", "temporal-ui-proxy", "worker",
	}
	tests := map[string][]string{
		"":           nil,
		"sandbox":    {"sandbox"},
		"monitoring": {"grafana", "grafana-proxy", "prometheus", "prometheus-proxy"},
		"tools":      {"starter"},
	}
	for profile, more := range tests {
		t.Run(profile, func(t *testing.T) {
			t.Parallel()
			require.ElementsMatch(t, append(more, plain...), compose(t, profile).ServiceNames())
		})
	}
}

func TestPortsArePublishedOnLoopbackOnly(t *testing.T) {
	t.Parallel()
	for name, service := range compose(t, "*").Services {
		for _, port := range service.Ports {
			require.Equal(t, "127.0.0.1", port.HostIP, name)
		}
	}
}

// TestThirdPartyPagesArePublishedThroughTheLoopbackProxyOnly checks that every page for browsers is behind the loopback proxy. Temporal's own port
// is none of these: browsers do not speak gRPC.
func TestThirdPartyPagesArePublishedThroughTheLoopbackProxyOnly(t *testing.T) {
	t.Parallel()
	project := compose(t, "*")
	for name, service := range project.Services {
		if service.Build == nil && service.Image != "ramp-starter" && name != "temporal" {
			require.Empty(t, service.Ports, name)
		}
	}
	for _, name := range proxies {
		proxy := project.Services[name]
		require.Equal(t, "--to", proxy.Command[0], name)
		page, err := url.Parse(proxy.Command[1])
		require.NoError(t, err)
		require.Equal(t, strings.TrimSuffix(name, "-proxy"), page.Hostname())
		require.Contains(t, proxy.DependsOn, page.Hostname())
		require.Equal(t, project.Services[page.Hostname()].Profiles, proxy.Profiles, name)
		require.Equal(t, "loopback-proxy", proxy.Build.Target, name)
		require.EqualValues(t, 8080, proxy.Ports[0].Target, "where loopback-proxy listens")
	}
}

func TestPlaintextConnectionsToTemporalAreAllowedExplicitly(t *testing.T) {
	t.Parallel()
	for name, service := range compose(t, "*").Services {
		if _, told := service.Environment["TEMPORAL_ADDRESS"]; told && slices.Contains(ours, name) && service.NetworkMode != "host" {
			require.Equal(t, "temporal:7233", *service.Environment["TEMPORAL_ADDRESS"], name)
			require.Equal(t, "true", *service.Environment["RAMP_ALLOW_PLAINTEXT"], name)
		}
	}
}

func TestComposeWorkerAcceptsUnencryptedInputOnlyIfEnvAllowsIt(t *testing.T) {
	t.Parallel()
	require.Empty(t, *compose(t, "").Services["worker"].Environment["RAMP_ALLOW_CLEAR"])
	require.Equal(t, "true", *compose(t, "", "RAMP_ALLOW_CLEAR=true").Services["worker"].Environment["RAMP_ALLOW_CLEAR"])
}

func TestDatabaseHasNoDefaultPassword(t *testing.T) {
	t.Parallel()
	options, err := cli.NewProjectOptions([]string{"../../compose.yaml"})
	require.NoError(t, err)
	_, err = options.LoadProject(t.Context())
	require.ErrorContains(t, err, "POSTGRES_PASSWORD")

	services := compose(t, "").Services
	require.Equal(t, password, *services["postgresql"].Environment["POSTGRES_PASSWORD"])
	require.Equal(t, password, *services["temporal"].Environment["POSTGRES_PWD"])
	require.Equal(t, password, *services["temporal-schema"].Environment["SQL_PASSWORD"])
}

func TestGrafanaIsReadOnlyAndHasNoLogin(t *testing.T) {
	t.Parallel()
	told := compose(t, "monitoring").Services["grafana"].Environment
	for name, want := range map[string]string{
		"GF_AUTH_ANONYMOUS_ORG_ROLE": "Viewer", "GF_AUTH_DISABLE_LOGIN_FORM": "true", "GF_AUTH_BASIC_ENABLED": "false",
		"GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION": "true",
	} {
		require.NotNil(t, told[name], name)
		require.Equal(t, want, *told[name], name)
	}
}

func TestThirdPartyImagesHaveAVersion(t *testing.T) {
	t.Parallel()
	for name, service := range compose(t, "*").Services {
		if service.Build == nil && service.Image != "ramp-starter" {
			require.Regexp(t, `:v?[0-9]`, service.Image, name)
		}
	}
}

func TestContainersHaveNoCapabilities(t *testing.T) {
	t.Parallel()
	project := compose(t, "*")
	for _, name := range append(slices.Clone(ours), proxies...) {
		service := project.Services[name]
		require.True(t, service.ReadOnly, name)
		require.Equal(t, []string{"ALL"}, service.CapDrop, name)
		require.Equal(t, []string{"no-new-privileges:true"}, service.SecurityOpt, name)
	}
}

func TestWorkerContainerIsKilledOnlyAfterItsStopTimeout(t *testing.T) {
	t.Parallel()
	worker := compose(t, "").Services["worker"]

	require.GreaterOrEqual(t, time.Duration(*worker.StopGracePeriod), 25*time.Second+10*time.Second)
}

func TestGatewayContainerListensOnLoopbackAndIsKilledOnlyAfterItsStopTimeout(t *testing.T) {
	t.Parallel()
	gateway := compose(t, "").Services["gateway"]

	require.Equal(t, "host", gateway.NetworkMode)
	require.NotContains(t, gateway.Environment, "RAMP_GATEWAY_LISTEN", "the default is loopback")
	for _, address := range []string{"RAMP_GATEWAY_PROVIDER_LISTEN", "RAMP_HTTP_ADDRESS", "TEMPORAL_ADDRESS"} {
		require.True(t, strings.HasPrefix(*gateway.Environment[address], "127.0.0.1:"), address)
	}
	require.NotEmpty(t, *gateway.Environment["RAMP_GATEWAY_TOKENS_FILE"], "without a file of tokens everybody on the machine could create orders")
	require.GreaterOrEqual(t, time.Duration(*gateway.StopGracePeriod), 25*time.Second+10*time.Second)
}

func TestEveryMountedFileExists(t *testing.T) {
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

func TestContainersSetOnlyVariablesThatProgramsRead(t *testing.T) {
	t.Parallel()
	project, read := compose(t, "*"), variablesOfTheCode(t)
	for _, name := range ours {
		for variable := range project.Services[name].Environment {
			require.True(t, read[variable], "%s of %s", variable, name)
		}
	}
}

// TestSandboxSharesTheWorkersNetwork holds why it is: the worker talks to no provider without TLS elsewhere.
func TestSandboxSharesTheWorkersNetwork(t *testing.T) {
	t.Parallel()
	project := compose(t, "sandbox")

	require.Equal(t, "service:worker", project.Services["sandbox"].NetworkMode)
	require.True(t, strings.HasPrefix(*project.Services["worker"].Environment["ONMETA_BASE_URL"], "http://127.0.0.1:"))
}

// password is set in .env.
const password = "made-up"

// compose reads the compose file as Docker Compose does, with the defaults of its variables; profile "*" is all.
func compose(t *testing.T, profile string, variables ...string) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{"../../compose.yaml"}, cli.WithProfiles([]string{profile}),
		cli.WithEnv(append(variables, "POSTGRES_PASSWORD="+password)))
	require.NoError(t, err)
	project, err := options.LoadProject(t.Context())
	require.NoError(t, err)
	return project
}
