package main

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/temporal"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"rampart/ramp"
)

const (
	readyTimeout = time.Minute
	retryDelay   = 20 * time.Millisecond
)

// server is the Temporal server in this process.
type server struct {
	temporal temporal.Server
	address  string
	logLevel zap.AtomicLevel
	ready    atomic.Bool
}

// startServer starts all services. Health checks return NOT_SERVING until becomeReady has succeeded.
func startServer(cfg *config.Config) (*server, error) {
	zapLogger := log.BuildZapLogger(cfg.Log).WithOptions(zap.WrapCore(func(core zapcore.Core) zapcore.Core { return silent{core} }))
	s := &server{
		address:  frontendAddress(cfg),
		logLevel: zap.NewAtomicLevelAt(zapcore.LevelOf(zapLogger.Core())),
	}
	logger := log.NewZapLogger(zapLogger.WithOptions(zap.IncreaseLevel(s.logLevel)))

	dynamicConfig, err := readDynamicConfig(cfg, logger)
	if err != nil {
		return nil, err
	}
	s.temporal, err = temporal.NewServer(
		temporal.WithConfig(cfg),
		temporal.WithDynamicConfigClient(dynamicConfig),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithLogger(logger),
		temporal.WithStaticHosts(staticHosts(cfg)),
		temporal.WithChainedFrontendGrpcInterceptors(guardHTTP, s.gateHealth),
	)
	if err != nil {
		return nil, fmt.Errorf("configure the Temporal server: %w", err)
	}
	if err := s.temporal.Start(); err != nil {
		return nil, fmt.Errorf("start the Temporal server: %w", err)
	}
	return s, nil
}

// silent is a log core without the server's advice to open the HTTP API, which is closed on purpose.
type silent struct{ zapcore.Core }

// Check implements zapcore.Core.
func (s silent) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if strings.HasPrefix(entry.Message, "HTTP API port has not been set") {
		return checked
	}
	return s.Core.Check(entry, checked)
}

// With implements zapcore.Core.
func (s silent) With(fields []zapcore.Field) zapcore.Core { return silent{s.Core.With(fields)} }

// readDynamicConfig reads the dynamic configuration and reloads it when the file changes. The server could do so itself, but its
// error for an invalid file hides the cause among internals.
func readDynamicConfig(cfg *config.Config, logger log.Logger) (dynamicconfig.Client, error) {
	if cfg.DynamicConfigClient == nil {
		return dynamicconfig.NewNoopClient(), nil
	}
	untilExit := make(chan any)
	client, err := dynamicconfig.NewFileBasedClient(cfg.DynamicConfigClient, logger, untilExit)
	if err != nil {
		return nil, fmt.Errorf("dynamic configuration %s: %w", cfg.DynamicConfigClient.Filepath, err)
	}
	return client, nil
}

// staticHosts returns the members of the cluster, all in this process. If services discovered each other through the database, they
// would first try the addresses of an earlier run, where another server may listen now.
func staticHosts(cfg *config.Config) map[primitives.ServiceName]static.Hosts {
	hosts := make(map[primitives.ServiceName]static.Hosts)
	for _, name := range temporal.DefaultServices {
		hosts[primitives.ServiceName(name)] = static.SingleLocalHost(serviceAddress(cfg, name))
	}
	return hosts
}

// gateHealth keeps the health check from reporting SERVING before the server is ready for orders.
func (s *server) gateHealth(
	ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler,
) (any, error) {
	if info.FullMethod == healthpb.Health_Check_FullMethodName && !s.ready.Load() {
		return &healthpb.HealthCheckResponse{Status: healthpb.HealthCheckResponse_NOT_SERVING}, nil
	}
	return handler(ctx, req)
}

// becomeReady waits until workflows can start with the search attributes of an order, then lets the health check
// say so.
func (s *server) becomeReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	conn, err := grpc.NewClient(s.address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("connect to the Temporal server: %w", err)
	}
	defer conn.Close()

	workflows := workflowservice.NewWorkflowServiceClient(conn)
	if err := retry(ctx, func() error { return askHistory(ctx, workflows) }); err != nil {
		return fmt.Errorf("the Temporal server does not answer: %w", err)
	}
	if err := addSearchAttributes(ctx, operatorservice.NewOperatorServiceClient(conn)); err != nil {
		return err
	}
	s.ready.Store(true)
	return nil
}

// askHistory returns nil once the history service owns its shard and can report that the workflow does not exist.
func askHistory(ctx context.Context, workflows workflowservice.WorkflowServiceClient) error {
	_, err := workflows.DescribeWorkflowExecution(ctx, &workflowservice.DescribeWorkflowExecutionRequest{
		Namespace: namespace,
		Execution: &commonpb.WorkflowExecution{WorkflowId: "readiness"},
	})
	if status.Code(err) == codes.NotFound {
		return nil
	}
	return err
}

// addSearchAttributes registers search attributes that a database of an earlier version lacks. The setting
// system.forceSearchAttributesCacheRefreshOnRead makes them usable at once.
func addSearchAttributes(ctx context.Context, operator operatorservice.OperatorServiceClient) error {
	known, err := operator.ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return fmt.Errorf("list search attributes: %w", err)
	}
	missing := make(map[string]enumspb.IndexedValueType)
	for name, wanted := range ramp.SearchAttributeTypes() {
		has, ok := known.GetCustomAttributes()[name]
		if ok && has != wanted {
			return fmt.Errorf("search attribute %s is %s in this database, but orders need %s", name, has, wanted)
		}
		if !ok {
			missing[name] = wanted
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = operator.AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace: namespace, SearchAttributes: missing,
	})
	if err != nil {
		return fmt.Errorf("register search attributes: %w", err)
	}
	return nil
}

// retry repeats attempt until it succeeds or ctx ends.
func retry(ctx context.Context, attempt func() error) error {
	for {
		err := attempt()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		case <-time.After(retryDelay):
		}
	}
}

// stop stops all services. It disables their logs, since they log losing each other during shutdown.
func (s *server) stop() error {
	s.logLevel.SetLevel(zapcore.FatalLevel)
	return s.temporal.Stop()
}
