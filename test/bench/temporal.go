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
)

//go:embed dynamicconfig.yaml
var dynamicConfig string

// refreshing makes search attributes usable as soon as they are registered. It is removed then, because no production server has it.
const refreshing = `
system.forceSearchAttributesCacheRefreshOnRead:
  - value: true
`

// configure writes the configuration of the server that is measured to dir: the development server's, with another dynamic configuration.
func configure(dir, configuration string) (path string, err error) {
	static, err := os.ReadFile(configuration)
	if err != nil {
		return "", err
	}
	const shipped = "filepath: devserver/dynamicconfig.yaml\n  pollInterval: 60s"
	text := strings.Replace(string(static), shipped, "filepath: dynamicconfig.yaml\n  pollInterval: "+reread.String(), 1)
	if text == string(static) {
		return "", fmt.Errorf("%s names another dynamic configuration than expected", configuration)
	}
	path = filepath.Join(dir, "temporal.yaml")
	// #nosec G703 -- the directory was made for this measurement.
	err = os.WriteFile(path, []byte(text), 0o600)
	return path, errors.Join(err, writeDynamicConfig(dir, dynamicConfig+refreshing))
}

// reread is the time between two reads of the dynamic configuration by the server.
const reread = 5 * time.Second

func writeDynamicConfig(dir, text string) error {
	return os.WriteFile(dynamicConfigFile(dir), []byte(text), 0o600)
}

func dynamicConfigFile(dir string) string { return filepath.Join(dir, "dynamicconfig.yaml") }

// sleep waits, and reports whether it was not cut short.
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
