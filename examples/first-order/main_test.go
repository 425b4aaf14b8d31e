package main

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	updatepb "go.temporal.io/api/update/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"google.golang.org/grpc"

	"rampart/codec"
	"rampart/ramp"
)

// The program is built as a backend would: in a module of its own beside a checkout of rampart, by the commands of
// docs/how-to/integrate-go.md. Then it starts an order at a Temporal server that answers with payment instructions.
func TestProgramOfAnotherModuleStartsAnOrder(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	module := filepath.Join(parent, "shop")
	require.NoError(t, os.Mkdir(module, 0o700))
	source, err := os.ReadFile("main.go")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(module, "main.go"), source, 0o600))
	rampart, err := filepath.Abs("../..")
	require.NoError(t, err)
	require.NoError(t, os.Symlink(rampart, filepath.Join(parent, "rampart")))
	run(t, module, nil, "go", "mod", "init", "example.test/shop")
	for _, command := range importCommands(t) {
		words := strings.Fields(command)
		run(t, module, nil, words[0], words[1:]...)
	}
	run(t, module, nil, "go", "mod", "tidy")
	run(t, module, nil, "go", "vet", ".")
	run(t, module, nil, "go", "build", "-o", "shop", ".")

	keyset := filepath.Join(t.TempDir(), "keyset.json")
	_, err = codec.CreateKeyset(t.Context(), codec.KeysetSource{File: keyset})
	require.NoError(t, err)
	output := run(t, module, []string{"TEMPORAL_ADDRESS=" + serve(t, keyset), "RAMP_KEYSET_FILE=" + keyset}, "./shop")
	require.Contains(t, output, "awaiting_payment\nupi://pay?pa=merchant@okbank&am=1000.00")
}

// importCommands are the commands by which docs/how-to/integrate-go.md imports package ramp.
func importCommands(t *testing.T) []string {
	t.Helper()
	page, err := os.ReadFile("../../docs/how-to/integrate-go.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(page), "## Import the package")
	require.True(t, found)
	_, block, found := strings.Cut(section, "```sh\n")
	require.True(t, found)
	block, _, _ = strings.Cut(block, "```")
	require.Contains(t, block, "-replace rampart=../rampart")
	return strings.Split(strings.TrimSpace(block), "\n")
}

func run(t *testing.T, directory string, environment []string, name string, arguments ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, arguments...)
	command.Dir = directory
	// The modules are those that this one has checked already. GOFLAGS may name another module's vendor directory.
	command.Env = append(append(os.Environ(), "GONOSUMDB=*", "GOFLAGS=", "GOWORK=off"), environment...)
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s %v: %s", name, arguments, output)
	return string(output)
}

// frontend is a Temporal server that answers a start with an order.
type frontend struct {
	workflowservice.UnimplementedWorkflowServiceServer

	keyring *codec.Keyring
}

func serve(t *testing.T, keyset string) string {
	t.Helper()
	keyring, err := codec.OpenKeyring(t.Context(), codec.KeysetSource{File: keyset})
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer()
	workflowservice.RegisterWorkflowServiceServer(server, &frontend{keyring: keyring})
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	return listener.Addr().String()
}

func (f *frontend) GetSystemInfo(context.Context, *workflowservice.GetSystemInfoRequest) (*workflowservice.GetSystemInfoResponse, error) {
	return &workflowservice.GetSystemInfoResponse{}, nil
}

func (f *frontend) ExecuteMultiOperation(
	_ context.Context, request *workflowservice.ExecuteMultiOperationRequest,
) (*workflowservice.ExecuteMultiOperationResponse, error) {
	start := request.GetOperations()[0].GetStartWorkflow()
	own := converter.WorkflowSerializationContext{Namespace: request.GetNamespace(), WorkflowID: start.GetWorkflowId()}
	var options client.Options
	codec.Secure(&options, f.keyring)
	data := converter.WithDataConverterSerializationContext(options.DataConverter, own)
	var onramp ramp.OnrampRequest
	if err := data.FromPayloads(start.GetInput(), &onramp); err != nil {
		return nil, err
	}
	answer, err := data.ToPayloads(ramp.Order{
		Reference: onramp.Reference, Direction: ramp.Onramp, Status: ramp.AwaitingPayment,
		Instructions: &ramp.Instructions{UPI: &ramp.UPIInstructions{QR: "upi://pay?pa=merchant@okbank&am=" + onramp.Fiat.Amount}},
		UpdatedAt:    time.Now().Add(time.Second),
	})
	if err != nil {
		return nil, err
	}
	type response = workflowservice.ExecuteMultiOperationResponse_Response
	execution := &commonpb.WorkflowExecution{WorkflowId: start.GetWorkflowId(), RunId: "run"}
	return &workflowservice.ExecuteMultiOperationResponse{Responses: []*response{
		{Response: &workflowservice.ExecuteMultiOperationResponse_Response_StartWorkflow{
			StartWorkflow: &workflowservice.StartWorkflowExecutionResponse{RunId: execution.GetRunId(), Started: true},
		}},
		{Response: &workflowservice.ExecuteMultiOperationResponse_Response_UpdateWorkflow{
			UpdateWorkflow: &workflowservice.UpdateWorkflowExecutionResponse{
				UpdateRef: &updatepb.UpdateRef{WorkflowExecution: execution, UpdateId: "await-order"},
				Stage:     enumspb.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED,
				Outcome:   &updatepb.Outcome{Value: &updatepb.Outcome_Success{Success: answer}},
			},
		}},
	}}, nil
}
