package check_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	kedav1alpha1 "github.com/kedacore/keda/v2/apis/keda/v1alpha1"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/v2/lint"
	"helm.sh/helm/v4/pkg/chart/v2/lint/support"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
)

const chartDirectory = "../helm/rampart"

// values are values of the chart as YAML.
type values string

func (v values) parsed(t *testing.T) map[string]any {
	t.Helper()
	parsed := map[string]any{}
	require.NoError(t, yaml.Unmarshal([]byte(v), &parsed))
	return parsed
}

// render makes the objects of a release of the chart, and reads each as Kubernetes does.
func render(t *testing.T, set values) ([]runtime.Object, error) {
	t.Helper()
	chart, err := loader.LoadDir(chartDirectory)
	require.NoError(t, err)
	release := common.ReleaseOptions{Name: "rampart", Namespace: "ramp", Revision: 1, IsInstall: true}
	all, err := util.ToRenderValues(chart, set.parsed(t), release, common.DefaultCapabilities)
	if err != nil {
		return nil, err
	}
	files, err := engine.Render(chart, all)
	if err != nil {
		return nil, err
	}
	var objects []runtime.Object
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if !strings.HasSuffix(name, ".yaml") {
			continue
		}
		for _, manifest := range strings.Split("\n"+files[name], "\n---") {
			var content map[string]any
			require.NoError(t, yaml.Unmarshal([]byte(manifest), &content), "%s:\n%s", name, manifest)
			if len(content) == 0 {
				continue
			}
			object, err := decode(t, manifest)
			require.NoError(t, err, "%s:\n%s", name, manifest)
			objects = append(objects, object)
		}
	}
	return objects, nil
}

func rendered(t *testing.T, set values) []runtime.Object {
	t.Helper()
	objects, err := render(t, set)
	require.NoError(t, err)
	return objects
}

// likeManifests are values for what deploy/kubernetes/example installs.
const likeManifests values = `
image: {tag: v1}
worker: {autoscaling: {enabled: true}}
`

func TestHelmFindsNothingInTheChart(t *testing.T) {
	t.Parallel()
	for _, set := range []values{"", likeManifests, "gateway: {enabled: false}", "temporal: {secret: {certificate: true, apiKey: true, authority: true}}"} {
		for _, message := range lint.RunAll(chartDirectory, set.parsed(t), "ramp").Messages {
			require.LessOrEqual(t, message.Severity, support.InfoSev, "%s: %v", message.Path, message.Err)
		}
	}
}

// TestChartMakesTheSameAsTheManifests holds the two ways to install against each other.
func TestChartMakesTheSameAsTheManifests(t *testing.T) {
	t.Parallel()
	want, got := map[string]string{}, map[string]string{}
	for _, object := range build(t, manifests) {
		if object.GetObjectKind().GroupVersionKind().Kind != "Namespace" { // helm install --create-namespace
			want[identity(t, object)] = normal(t, object)
		}
	}
	for _, object := range rendered(t, likeManifests) {
		got[identity(t, object)] = normal(t, object)
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(want)), slices.Collect(maps.Keys(got)))
	for name, object := range want {
		require.Equal(t, object, got[name], name)
	}
}

func identity(t *testing.T, object runtime.Object) string {
	t.Helper()
	named, ok := object.(metav1.Object)
	require.True(t, ok)
	return object.GetObjectKind().GroupVersionKind().Kind + " " + named.GetName()
}

// normal returns an object as YAML without what only Helm adds, its namespace, and the order of lists whose order has no meaning.
func normal(t *testing.T, object runtime.Object) string {
	t.Helper()
	named, ok := object.(metav1.Object)
	require.True(t, ok)
	named.SetNamespace("")
	labels := named.GetLabels()
	delete(labels, "app.kubernetes.io/managed-by")
	delete(labels, "helm.sh/chart")
	named.SetLabels(labels)
	annotations := named.GetAnnotations()
	for key := range annotations {
		if strings.HasPrefix(key, "helm.sh/hook") {
			delete(annotations, key)
		}
	}
	if len(annotations) == 0 {
		annotations = nil
	}
	named.SetAnnotations(annotations)
	switch one := object.(type) {
	case *appsv1.Deployment:
		normalPods(&one.Spec.Template)
	case *batchv1.Job:
		normalPods(&one.Spec.Template)
	}
	content, err := yaml.Marshal(object)
	require.NoError(t, err)
	return string(content)
}

func normalPods(template *corev1.PodTemplateSpec) {
	delete(template.Annotations, "checksum/settings")
	if len(template.Annotations) == 0 {
		template.Annotations = nil
	}
	slices.SortFunc(template.Spec.Volumes, func(a, b corev1.Volume) int { return strings.Compare(a.Name, b.Name) })
	for i := range template.Spec.Containers {
		container := &template.Spec.Containers[i]
		container.ImagePullPolicy = ""
		slices.SortFunc(container.VolumeMounts, func(a, b corev1.VolumeMount) int { return strings.Compare(a.Name, b.Name) })
		slices.SortFunc(container.Env, func(a, b corev1.EnvVar) int { return strings.Compare(a.Name, b.Name) })
	}
}

func TestValuesThatTheSchemaDoesNotKnowAreRefused(t *testing.T) {
	t.Parallel()
	for problem, set := range map[string]values{
		"invalid propertyName 'ONMETA_API_KEY'":   "worker: {settings: {ONMETA_API_KEY: a-secret}}",
		"invalid propertyName 'TEMPORAL_API_KEY'": "temporal: {settings: {TEMPORAL_API_KEY: a-secret}}",
		"'replica'":                         "gateway: {replica: 3}",
		"/worker/versions/0/build":          "worker: {versions: [{build: V_1}]}",
		"minItems":                          "worker: {versions: []}",
		"/worker/settings/RAMP_MAX_WATCHES": "worker: {settings: {RAMP_MAX_WATCHES: 5}}",
		"/image/pullPolicy":                 "image: {pullPolicy: Sometimes}",
	} {
		_, err := render(t, set)
		require.Error(t, err, set)
		require.Contains(t, err.Error(), problem)
		require.NotContains(t, err.Error(), "a-secret")
	}
}

func TestVersionsOfAReleaseRunSideBySide(t *testing.T) {
	t.Parallel()
	objects := rendered(t, "worker: {versions: [{build: v1}, {build: v2, tag: v2-fixed, replicas: 5}], autoscaling: {enabled: true}}")

	one, two := named[*appsv1.Deployment](t, objects, "ramp-worker-v1"), named[*appsv1.Deployment](t, objects, "ramp-worker-v2")
	require.False(t, selects(t, one.Spec.Selector, two.Spec.Template.Labels))
	require.True(t, strings.HasSuffix(two.Spec.Template.Spec.Containers[0].Image, ":v2-fixed"))
	require.Nil(t, two.Spec.Replicas, "the autoscaler sets it")
	require.Equal(t, "v2", named[*kedav1alpha1.ScaledObject](t, objects, "ramp-worker-v2").Spec.Triggers[0].Metadata["workerDeploymentBuildId"])

	objects = rendered(t, "worker: {versions: [{build: v2, replicas: 5}]}")
	require.EqualValues(t, 5, *named[*appsv1.Deployment](t, objects, "ramp-worker-v2").Spec.Replicas)
	require.Empty(t, of[*kedav1alpha1.ScaledObject](objects))
}

func TestValuesReachTheObjects(t *testing.T) {
	t.Parallel()
	objects := rendered(t, `
temporal: {secret: {apiKey: true, certificate: true, authority: true}}
worker: {events: true, settings: {RAMP_LOG_LEVEL: debug}, serviceAccountAnnotations: {eks.amazonaws.com/role-arn: arn}}
gateway: {enabled: false}
codecServer: {enabled: false}
setup: {enabled: false}
networkPolicies: {enabled: false}
image: {pullSecrets: [registry]}
`)
	require.Equal(t, map[string]string{
		"TEMPORAL_ADDRESS": "temporal-frontend.temporal.svc.cluster.local:7233", "TEMPORAL_NAMESPACE": "default", "TEMPORAL_TLS": "true",
		"TEMPORAL_API_KEY_FILE":         "/etc/rampart/temporal/api-key",
		"TEMPORAL_TLS_CLIENT_CERT_PATH": "/etc/rampart/temporal/tls.crt", "TEMPORAL_TLS_CLIENT_KEY_PATH": "/etc/rampart/temporal/tls.key",
		"TEMPORAL_TLS_SERVER_CA_CERT_PATH": "/etc/rampart/temporal/ca.crt",
	}, named[*corev1.ConfigMap](t, objects, "ramp-temporal").Data)
	settings := named[*corev1.ConfigMap](t, objects, "ramp-worker").Data
	require.Equal(t, "/etc/rampart/events/events.yaml", settings["RAMP_EVENTS_FILE"])
	require.Equal(t, "debug", settings["RAMP_LOG_LEVEL"])
	require.Equal(t, "https://stg.api.onmeta.in", settings["ONMETA_BASE_URL"], "other settings stay")
	require.Equal(t, "arn", named[*corev1.ServiceAccount](t, objects, "ramp-worker").Annotations["eks.amazonaws.com/role-arn"])
	require.Len(t, of[*appsv1.Deployment](objects), 1)
	require.Len(t, objects, 5)
	pod := named[*appsv1.Deployment](t, objects, "ramp-worker-v1").Spec.Template.Spec
	require.Equal(t, "registry", pod.ImagePullSecrets[0].Name)
}
