package check_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	kedav1alpha1 "github.com/kedacore/keda/v2/apis/keda/v1alpha1"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

const (
	manifests    = "../kubernetes"
	versionLabel = "app.kubernetes.io/version"
)

// pods are the pods that something makes.
type pods struct {
	of       string
	template corev1.PodTemplateSpec
}

func TestEveryManifestIsValid(t *testing.T) {
	t.Parallel()
	kinds := map[string]int{}
	for _, object := range build(t, manifests) {
		kinds[object.GetObjectKind().GroupVersionKind().Kind]++
	}

	require.Equal(t, map[string]int{
		"ConfigMap": 4, "Deployment": 3, "Job": 1, "Namespace": 1, "NetworkPolicy": 7, "PodDisruptionBudget": 3,
		"ScaledObject": 1, "Service": 3, "ServiceAccount": 3,
	}, kinds)
}

func TestManifestWithAnUnknownFieldIsRefused(t *testing.T) {
	t.Parallel()
	_, err := decode(t, "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: ramp}\nspec: {replica: 2}\n")

	require.ErrorContains(t, err, "replica")
}

func TestEveryContainerRunsUnprivilegedOnAReadOnlyRoot(t *testing.T) {
	t.Parallel()
	for _, each := range allPods(build(t, manifests)) {
		spec := each.template.Spec
		require.NotNil(t, spec.SecurityContext, each.of)
		require.True(t, *spec.SecurityContext.RunAsNonRoot, each.of)
		require.NotZero(t, *spec.SecurityContext.RunAsUser, each.of)
		require.Equal(t, corev1.SeccompProfileTypeRuntimeDefault, spec.SecurityContext.SeccompProfile.Type, each.of)
		require.False(t, *spec.AutomountServiceAccountToken, each.of)
		for _, container := range spec.Containers {
			require.True(t, *container.SecurityContext.ReadOnlyRootFilesystem, each.of)
			require.False(t, *container.SecurityContext.AllowPrivilegeEscalation, each.of)
			require.Equal(t, []corev1.Capability{"ALL"}, container.SecurityContext.Capabilities.Drop, each.of)
		}
	}
}

func TestEveryContainerHasResourceRequestsAndAMemoryLimit(t *testing.T) {
	t.Parallel()
	for _, each := range allPods(build(t, manifests)) {
		for _, container := range each.template.Spec.Containers {
			asked, bound := container.Resources.Requests, container.Resources.Limits
			require.False(t, asked.Cpu().IsZero(), each.of)
			require.False(t, asked.Memory().IsZero(), each.of)
			require.GreaterOrEqual(t, bound.Memory().Value(), asked.Memory().Value(), each.of)
			require.True(t, bound.Cpu().IsZero(), each.of)
		}
	}
}

func TestEveryServerIsProbed(t *testing.T) {
	t.Parallel()
	for _, deployment := range of[*appsv1.Deployment](build(t, manifests)) {
		container := deployment.Spec.Template.Spec.Containers[0]
		for _, probe := range []*corev1.Probe{container.StartupProbe, container.LivenessProbe, container.ReadinessProbe} {
			require.NotNil(t, probe, deployment.Name)
			require.Contains(t, portNames(container), probe.HTTPGet.Port.String(), deployment.Name)
		}
	}
}

func TestWorkerIsKilledOnlyAfterItsStopTimeout(t *testing.T) {
	t.Parallel()
	objects := build(t, manifests)
	settings := named[*corev1.ConfigMap](t, objects, "ramp-worker")
	stopping, err := time.ParseDuration(settings.Data["RAMP_STOP_TIMEOUT"])
	require.NoError(t, err)
	worker := named[*appsv1.Deployment](t, objects, "ramp-worker-v1")

	granted := time.Duration(*worker.Spec.Template.Spec.TerminationGracePeriodSeconds) * time.Second

	require.GreaterOrEqual(t, granted, stopping+10*time.Second)
}

func TestGatewayIsKilledOnlyAfterItsStopTimeout(t *testing.T) {
	t.Parallel()
	objects := build(t, manifests)
	stopping, err := time.ParseDuration(named[*corev1.ConfigMap](t, objects, "ramp-gateway").Data["RAMP_STOP_TIMEOUT"])
	require.NoError(t, err)
	pod := named[*appsv1.Deployment](t, objects, "ramp-gateway").Spec.Template.Spec
	leaving := time.Duration(pod.Containers[0].Lifecycle.PreStop.Sleep.Seconds) * time.Second

	granted := time.Duration(*pod.TerminationGracePeriodSeconds) * time.Second

	require.GreaterOrEqual(t, granted, leaving+stopping+10*time.Second)
}

func TestGatewayHasNoKeyOfTheProviderButTheOneThatVerifiesWebhooks(t *testing.T) {
	t.Parallel()
	pod := named[*appsv1.Deployment](t, build(t, manifests), "ramp-gateway").Spec.Template.Spec
	at := slices.IndexFunc(pod.Volumes, func(v corev1.Volume) bool { return v.Secret != nil && v.Secret.SecretName == "ramp-onmeta" })

	require.Equal(t, []corev1.KeyToPath{{Key: "ONMETA_API_SECRET", Path: "ONMETA_API_SECRET"}}, pod.Volumes[at].Secret.Items)
}

// Variables are read at start only, files again when they change.
func TestEverySecretIsAFileOfAWholeDirectory(t *testing.T) {
	t.Parallel()
	for _, each := range allPods(build(t, manifests)) {
		for _, container := range each.template.Spec.Containers {
			for _, source := range container.EnvFrom {
				require.Nil(t, source.SecretRef, each.of)
			}
			mounted := map[string]bool{}
			for _, mount := range container.VolumeMounts {
				require.Empty(t, mount.SubPath, "%s: the kubelet does not renew a file that is mounted by itself", each.of)
				mounted[mount.MountPath] = true
			}
			for _, variable := range container.Env {
				require.True(t, variable.ValueFrom == nil || variable.ValueFrom.SecretKeyRef == nil, "%s: %s", each.of, variable.Name)
				if strings.HasPrefix(variable.Value, "/") {
					require.True(t, mounted[filepath.Dir(variable.Value)], "%s: %s=%s is not mounted", each.of, variable.Name, variable.Value)
				}
			}
		}
	}
}

func TestProviderReachesThePortForWebhooksOnly(t *testing.T) {
	t.Parallel()
	objects := build(t, manifests)
	policy := named[*networkingv1.NetworkPolicy](t, objects, "ramp-gateway")
	ports := map[string]string{} // by namespace
	for _, rule := range policy.Spec.Ingress {
		require.Len(t, rule.Ports, 1)
		for label, value := range rule.From[0].NamespaceSelector.MatchLabels {
			ports[label+"="+value] = rule.Ports[0].Port.String()
		}
	}
	require.Equal(t, map[string]string{"rampart/backend=true": "https", "kubernetes.io/metadata.name=ingress-nginx": "provider"}, ports)
	require.Len(t, named[*corev1.Service](t, objects, "ramp-gateway").Spec.Ports, 1)
	require.Equal(t, "https", named[*corev1.Service](t, objects, "ramp-gateway").Spec.Ports[0].TargetPort.String())
	require.Equal(t, "provider", named[*corev1.Service](t, objects, "ramp-gateway-provider").Spec.Ports[0].TargetPort.String())
}

func TestWorkerVersionIsConsistentInItsManifests(t *testing.T) {
	t.Parallel()
	objects := build(t, manifests)
	worker := named[*appsv1.Deployment](t, objects, "ramp-worker-v1")
	container := worker.Spec.Template.Spec.Containers[0]
	scaled := named[*kedav1alpha1.ScaledObject](t, objects, "ramp-worker-v1")
	settings := named[*corev1.ConfigMap](t, objects, "ramp-worker")

	require.Equal(t, "v1", worker.Spec.Selector.MatchLabels[versionLabel])
	require.Equal(t, "v1", worker.Spec.Template.Labels[versionLabel])
	require.True(t, strings.HasSuffix(container.Image, ":v1"), container.Image)
	require.Equal(t, "metadata.labels['"+versionLabel+"']", variable(t, container, "RAMP_BUILD_ID").ValueFrom.FieldRef.FieldPath)
	require.Equal(t, worker.Name, scaled.Spec.ScaleTargetRef.Name)
	for _, trigger := range scaled.Spec.Triggers {
		if trigger.Type == "temporal" {
			require.Equal(t, "v1", trigger.Metadata["workerDeploymentBuildId"])
			require.Equal(t, settings.Data["RAMP_DEPLOYMENT"], trigger.Metadata["workerDeploymentName"])
		}
	}
}

// TestVersionsRunSideBySide rolls v2 out as docs/how-to/deploy.md describes.
func TestVersionsRunSideBySide(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	require.NoError(t, os.CopyFS(root, os.DirFS(manifests)))
	first, second := filepath.Join(root, "example/v1"), filepath.Join(root, "example/v2")
	require.NoError(t, os.CopyFS(second, os.DirFS(first)))
	replace(t, filepath.Join(second, "kustomization.yaml"), "v1\n", "v2\n")
	replace(t, filepath.Join(root, "example/kustomization.yaml"), "  - v1\n", "  - v1\n  - v2\n")

	objects := build(t, root)

	one, two := named[*appsv1.Deployment](t, objects, "ramp-worker-v1"), named[*appsv1.Deployment](t, objects, "ramp-worker-v2")
	require.False(t, selects(t, one.Spec.Selector, two.Spec.Template.Labels))
	require.False(t, selects(t, two.Spec.Selector, one.Spec.Template.Labels))
	require.Len(t, of[*kedav1alpha1.ScaledObject](objects), 2)
	for _, budget := range of[*policyv1.PodDisruptionBudget](objects) {
		require.False(t, selects(t, budget.Spec.Selector, one.Spec.Template.Labels) && selects(t, budget.Spec.Selector, two.Spec.Template.Labels))
	}
}

func TestAutoscalerSetsTheNumberOfWorkers(t *testing.T) {
	t.Parallel()
	objects := build(t, manifests)
	scaled := named[*kedav1alpha1.ScaledObject](t, objects, "ramp-worker-v1")

	require.Nil(t, named[*appsv1.Deployment](t, objects, "ramp-worker-v1").Spec.Replicas)
	require.EqualValues(t, 2, *scaled.Spec.MinReplicaCount)
}

func TestEverySelectorMatchesPods(t *testing.T) {
	t.Parallel()
	objects := build(t, manifests)
	found := allPods(objects)
	selectors := map[string]*metav1.LabelSelector{}
	for _, policy := range of[*networkingv1.NetworkPolicy](objects) {
		selectors["NetworkPolicy "+policy.Name] = &policy.Spec.PodSelector
	}
	for _, budget := range of[*policyv1.PodDisruptionBudget](objects) {
		selectors["PodDisruptionBudget "+budget.Name] = budget.Spec.Selector
	}
	for _, service := range of[*corev1.Service](objects) {
		selectors["Service "+service.Name] = &metav1.LabelSelector{MatchLabels: service.Spec.Selector}
	}
	for _, deployment := range of[*appsv1.Deployment](objects) {
		selectors["Deployment "+deployment.Name] = deployment.Spec.Selector
	}
	for name, selector := range selectors {
		require.True(t, slices.ContainsFunc(found, func(p pods) bool { return selects(t, selector, p.template.Labels) }), name)
	}
}

func TestIngressToPodsIsDeniedByDefault(t *testing.T) {
	t.Parallel()
	objects := build(t, manifests)
	nothing := named[*networkingv1.NetworkPolicy](t, objects, "ramp-nothing")

	require.Equal(t, []networkingv1.PolicyType{"Ingress", "Egress"}, nothing.Spec.PolicyTypes)
	require.Empty(t, nothing.Spec.Ingress)
	require.Empty(t, nothing.Spec.Egress)
	for _, each := range allPods(objects) {
		require.True(t, selects(t, &nothing.Spec.PodSelector, each.template.Labels), each.of)
	}
}

func TestEveryProgramConnectsToTemporalOverTLS(t *testing.T) {
	t.Parallel()
	objects := build(t, manifests)
	settings := named[*corev1.ConfigMap](t, objects, "ramp-temporal").Data
	require.Equal(t, "true", settings["TEMPORAL_TLS"])
	for _, each := range of[*corev1.ConfigMap](objects) {
		require.NotContains(t, each.Data, "RAMP_ALLOW_PLAINTEXT", each.Name)
		require.NotContains(t, each.Data, "RAMP_ALLOW_CLEAR", each.Name)
	}
	for _, trigger := range named[*kedav1alpha1.ScaledObject](t, objects, "ramp-worker-v1").Spec.Triggers {
		if trigger.Type == "temporal" {
			require.Equal(t, "true", trigger.Metadata["enableTLS"], trigger.Name)
		}
	}
}

func TestEverySettingIsRead(t *testing.T) {
	t.Parallel()
	read := variablesOfTheCode(t)
	for _, settings := range of[*corev1.ConfigMap](build(t, manifests)) {
		for name := range settings.Data {
			require.True(t, read[name], "%s in ConfigMap %s", name, settings.Name)
		}
	}
	for _, each := range allPods(build(t, manifests)) {
		for _, setting := range each.template.Spec.Containers[0].Env {
			require.True(t, read[setting.Name] || setting.Name == "GOMEMLIMIT", "%s of %s", setting.Name, each.of)
		}
	}
}

func TestEverySecretIsDescribed(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/how-to/deploy.md")
	require.NoError(t, err)
	names := map[string]bool{}
	for _, each := range allPods(build(t, manifests)) {
		for _, source := range each.template.Spec.Containers[0].EnvFrom {
			if source.SecretRef != nil {
				names[source.SecretRef.Name] = true
			}
		}
		for _, volume := range each.template.Spec.Volumes {
			names[volume.Secret.SecretName] = true
		}
	}
	require.Len(t, names, 7)
	for name := range names {
		require.Contains(t, string(page), "`"+name+"`")
	}
}

// build makes the manifests of the example below root, and reads each as Kubernetes does.
func build(t *testing.T, root string) []runtime.Object {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), filepath.Join(root, "example"))
	require.NoError(t, err)
	var objects []runtime.Object
	for _, resource := range built.Resources() {
		object, err := decode(t, resource.MustYaml())
		require.NoError(t, err, resource.CurId())
		objects = append(objects, object)
	}
	return objects
}

// decode reads a manifest and refuses what its type does not have.
func decode(t *testing.T, manifest string) (runtime.Object, error) {
	t.Helper()
	scheme := runtime.NewScheme()
	require.NoError(t, clientgoscheme.AddToScheme(scheme))
	require.NoError(t, kedav1alpha1.AddToScheme(scheme))
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
	object, _, err := decoder.Decode([]byte(manifest), nil, nil)
	return object, err
}

func of[T runtime.Object](objects []runtime.Object) []T {
	var found []T
	for _, object := range objects {
		if one, ok := object.(T); ok {
			found = append(found, one)
		}
	}
	return found
}

func named[T interface {
	runtime.Object
	metav1.Object
}](t *testing.T, objects []runtime.Object, name string) T {
	t.Helper()
	found := of[T](objects)
	index := slices.IndexFunc(found, func(one T) bool { return one.GetName() == name })
	require.GreaterOrEqual(t, index, 0, name)
	return found[index]
}

func allPods(objects []runtime.Object) []pods {
	var all []pods
	for _, deployment := range of[*appsv1.Deployment](objects) {
		all = append(all, pods{of: "Deployment " + deployment.Name, template: deployment.Spec.Template})
	}
	for _, job := range of[*batchv1.Job](objects) {
		all = append(all, pods{of: "Job " + job.Name, template: job.Spec.Template})
	}
	return all
}

func selects(t *testing.T, selector *metav1.LabelSelector, of map[string]string) bool {
	t.Helper()
	compiled, err := metav1.LabelSelectorAsSelector(selector)
	require.NoError(t, err)
	return compiled.Matches(labels.Set(of))
}

func variable(t *testing.T, container corev1.Container, name string) corev1.EnvVar {
	t.Helper()
	index := slices.IndexFunc(container.Env, func(v corev1.EnvVar) bool { return v.Name == name })
	require.GreaterOrEqual(t, index, 0, name)
	return container.Env[index]
}

func portNames(container corev1.Container) []string {
	names := map[string]bool{}
	for _, port := range container.Ports {
		names[port.Name] = true
	}
	return slices.Collect(maps.Keys(names))
}

func replace(t *testing.T, path, old, with string) {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(content), old)
	require.NoError(t, os.WriteFile(path, []byte(strings.ReplaceAll(string(content), old, with)), 0o600))
}
