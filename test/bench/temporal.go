package bench

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/durationpb"

	"rampart/starter/setup"
)

// Namespaces: what is compared with has its own, on the same server.
const (
	oursNamespace    = client.DefaultNamespace
	portsNamespace   = "ports"
	retriesNamespace = "retries"
)

// retention is how long the server keeps histories, longer than any run.
const retention = 24 * time.Hour

//go:embed dynamicconfig.yaml
var dynamicConfig string

// refreshing makes search attributes usable as soon as they are registered; as a server in earnest does not have it, it is taken
// out once they are.
const refreshing = `
system.forceSearchAttributesCacheRefreshOnRead:
  - value: true
`

// configure writes a configuration of the server into dir: the development server's, with dynamic settings of our own.
func configure(dir, configuration string) (path string, err error) {
	static, err := os.ReadFile(configuration)
	if err != nil {
		return "", err
	}
	const shipped = "filepath: devserver/dynamicconfig.yaml\n  pollInterval: 60s"
	text := strings.Replace(string(static), shipped, "filepath: dynamicconfig.yaml\n  pollInterval: "+reread.String(), 1)
	if text == string(static) {
		return "", fmt.Errorf("%s does not name its dynamic configuration as expected", configuration)
	}
	path = filepath.Join(dir, "temporal.yaml")
	// #nosec G703 -- the directory was made for this measurement.
	err = os.WriteFile(path, []byte(text), 0o600)
	return path, errors.Join(err, writeDynamicConfig(dir, dynamicConfig+refreshing))
}

// reread is how often the server reads its dynamic configuration.
const reread = 5 * time.Second

func writeDynamicConfig(dir, text string) error {
	return os.WriteFile(filepath.Join(dir, "dynamicconfig.yaml"), []byte(text), 0o600)
}

// addNamespace makes a namespace with the search attributes of orders.
func addNamespace(ctx context.Context, address, name string) error {
	temporal, err := client.DialContext(ctx, client.Options{HostPort: address, Namespace: name, Logger: silent()})
	if err != nil {
		return err
	}
	defer temporal.Close()
	_, err = temporal.WorkflowService().RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{
		Namespace: name, WorkflowExecutionRetentionPeriod: durationpb.New(retention),
	})
	if err != nil {
		return err
	}
	return again(ctx, func() error {
		_, err := setup.EnsureSearchAttributes(ctx, temporal.OperatorService(), temporal, name)
		return err
	})
}

// again tries until a new namespace is known everywhere in the server.
func again(ctx context.Context, try func() error) error {
	for {
		err := try()
		var unknown *serviceerror.NamespaceNotFound
		if !errors.As(err, &unknown) || !sleep(ctx, time.Second) {
			return err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
