package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"path/filepath"
	"strconv"

	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/primitives"
)

const localhost = "127.0.0.1"

// loadConfig reads the server configuration and applies the command line. Services without a fixed port get one from free.
func loadConfig(opts options, free *ports) (*config.Config, error) {
	cfg, err := readConfig(opts.config)
	if err != nil {
		return nil, err
	}
	if err := requireSections(cfg); err != nil {
		return nil, fmt.Errorf("configuration %s: %w", opts.config, err)
	}
	frontend := cfg.Services[string(primitives.FrontendService)].RPC
	free.avoid(frontend.GRPCPort, frontend.HTTPPort, int(opts.port), int(opts.uiPort))
	// Standard output is reserved for the addresses of the services.
	cfg.Log.Stdout = false
	placeDynamicConfig(cfg, filepath.Dir(opts.config))
	placeServices(cfg, free)
	if opts.portGiven {
		moveFrontend(cfg, int(opts.port), free)
	}
	placeCluster(cfg)
	tellWhoAsks(cfg)
	if opts.db != "" {
		if err := useFile(&cfg.Persistence, opts.db); err != nil {
			return nil, err
		}
	}
	return cfg, nil
}

func readConfig(path string) (*config.Config, error) {
	// The loader logs through the standard logger that it renders a template.
	defer log.SetOutput(log.Writer())
	log.SetOutput(io.Discard)

	cfg, err := config.Load(config.WithConfigFile(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no configuration at %s: start devserver at the top of the project or name the file with --config", path)
	}
	if err != nil {
		return nil, fmt.Errorf("configuration %s: %w", path, err)
	}
	return cfg, nil
}

// requireSections checks that the sections exist which the server requires.
func requireSections(cfg *config.Config) error {
	if _, ok := cfg.Services[string(primitives.FrontendService)]; !ok {
		return errors.New("services.frontend is missing")
	}
	if cfg.ClusterMetadata == nil {
		return errors.New("clusterMetadata is missing")
	}
	if _, ok := cfg.ClusterMetadata.ClusterInformation[cfg.ClusterMetadata.CurrentClusterName]; !ok {
		return fmt.Errorf("clusterMetadata.clusterInformation.%s is missing", cfg.ClusterMetadata.CurrentClusterName)
	}
	return nil
}

// placeDynamicConfig resolves the path of the dynamic configuration relative to the directory of the static one, whatever the working
// directory.
func placeDynamicConfig(cfg *config.Config, dir string) {
	if dynamic := cfg.DynamicConfigClient; dynamic != nil && !filepath.IsAbs(dynamic.Filepath) {
		dynamic.Filepath = filepath.Join(dir, dynamic.Filepath)
	}
}

// placeServices moves all services except the frontend to free loopback ports. Only this process calls them, so that several servers on
// one machine conflict only in the frontend's port.
func placeServices(cfg *config.Config, free *ports) {
	for _, service := range []primitives.ServiceName{
		primitives.HistoryService, primitives.MatchingService, primitives.WorkerService,
	} {
		cfg.Services[string(service)] = config.Service{RPC: config.RPC{
			GRPCPort: free.free(),
			BindOnIP: localhost,
		}}
	}
	delete(cfg.Services, string(primitives.InternalFrontendService))
	cfg.PublicClient = config.PublicClient{}

	frontend := cfg.Services[string(primitives.FrontendService)]
	frontend.RPC.BindOnIP = cmp.Or(frontend.RPC.BindOnIP, localhost)
	frontend.RPC.BindOnLocalHost = false
	cfg.Services[string(primitives.FrontendService)] = frontend
}

// moveFrontend sets the gRPC port, or any free one if port is 0. The other ports of the configuration then belong to another server and
// are replaced by free ones.
func moveFrontend(cfg *config.Config, port int, free *ports) {
	frontend := cfg.Services[string(primitives.FrontendService)]
	if port == frontend.RPC.GRPCPort {
		return
	}
	if port == 0 {
		port = free.free()
	}
	frontend.RPC.GRPCPort = port
	if frontend.RPC.HTTPPort != 0 {
		frontend.RPC.HTTPPort = free.free()
	}
	cfg.Services[string(primitives.FrontendService)] = frontend

	if cfg.Global.PProf.Port != 0 {
		cfg.Global.PProf.Port = free.free()
	}
	if metrics := cfg.Global.Metrics; metrics != nil && metrics.Prometheus != nil {
		metrics.Prometheus.ListenAddress = hostPort(localhost, free.free())
	}
}

// placeCluster sets the cluster's own frontend address.
func placeCluster(cfg *config.Config) {
	rpc := cfg.Services[string(primitives.FrontendService)].RPC
	name := cfg.ClusterMetadata.CurrentClusterName
	cluster := cfg.ClusterMetadata.ClusterInformation[name]
	cluster.RPCAddress = frontendAddress(cfg)
	cluster.HTTPAddress = hostPort(reachable(rpc.BindOnIP), rpc.HTTPPort)
	cfg.ClusterMetadata.ClusterInformation[name] = cluster
}

// frontendAddress returns the address for clients on this machine.
func frontendAddress(cfg *config.Config) string {
	return serviceAddress(cfg, string(primitives.FrontendService))
}

func serviceAddress(cfg *config.Config, service string) string {
	rpc := cfg.Services[service].RPC
	return hostPort(reachable(rpc.BindOnIP), rpc.GRPCPort)
}

// reachable returns the address of a service that listens on ip: loopback if it listens on all addresses.
func reachable(ip string) string {
	if parsed := net.ParseIP(ip); parsed != nil && parsed.IsUnspecified() {
		return localhost
	}
	return ip
}

// listenHost returns the address that the frontend listens on.
func listenHost(cfg *config.Config) string {
	return cfg.Services[string(primitives.FrontendService)].RPC.BindOnIP
}

func hostPort(host string, port int) string {
	return net.JoinHostPort(host, strconv.Itoa(port))
}

// checkPorts returns an error for the first port that another process uses. The server itself would panic.
func checkPorts(cfg *config.Config, uiPort uint16) error {
	rpc := cfg.Services[string(primitives.FrontendService)].RPC
	ports := []struct {
		host   string
		port   int
		use    string
		remedy string
	}{
		{listenHost(cfg), rpc.GRPCPort, "gRPC", "choose another with --port"},
		{listenHost(cfg), rpc.HTTPPort, "the HTTP API", "choose another with --port or FRONTEND_HTTP_PORT"},
		{uiHost(cfg), int(uiPort), "the Web UI", "choose another with --ui-port, or none with --ui-port 0"},
	}
	for _, p := range ports {
		if p.port == 0 {
			continue
		}
		address := hostPort(p.host, p.port)
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return fmt.Errorf("cannot listen on %s for %s (%w): %s", address, p.use, errors.Unwrap(err), p.remedy)
		}
		defer listener.Close() // kept open to detect two uses of one port
	}
	return nil
}
