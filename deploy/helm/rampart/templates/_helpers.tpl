{{/* Labels of an object. Call with a dict of context and name. */}}
{{- define "rampart.labels" -}}
{{- if .name }}
app.kubernetes.io/name: {{ .name }}
{{- end }}
app.kubernetes.io/part-of: rampart
app.kubernetes.io/managed-by: {{ .context.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .context.Chart.Name .context.Chart.Version }}
{{- end }}

{{/* An image. Call with a dict of context, name and tag. */}}
{{- define "rampart.image" -}}
image: {{ .context.Values.image.registry }}/{{ .name }}:{{ .tag | default .context.Values.image.tag | default .context.Chart.AppVersion }}
imagePullPolicy: {{ .context.Values.image.pullPolicy }}
{{- end }}

{{/* What keeps a pod unprivileged. The group gives access to the keyset, the credentials and the certificates. */}}
{{- define "rampart.podSecurity" -}}
automountServiceAccountToken: false
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  seccompProfile:
    type: RuntimeDefault
{{- end }}

{{- define "rampart.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end }}

{{/* A probe. Call with a dict of path, port, and optionally scheme. */}}
{{- define "rampart.probe" -}}
httpGet:
  path: {{ .path }}
  port: {{ .port }}
  {{- with .scheme }}
  scheme: {{ . }}
  {{- end }}
{{- end }}

{{/* A volume of a Secret. Whole directories, so that renewed files take effect without a restart. */}}
{{- define "rampart.secret" -}}
- name: {{ .name }}
  secret:
    secretName: {{ .secret }}
    defaultMode: 0400
    {{- if .optional }}
    optional: true
    {{- end }}
    {{- with .only }}
    items:
      - key: {{ . }}
        path: {{ . }}
    {{- end }}
{{- end }}

{{- define "rampart.mount" -}}
- name: {{ .name }}
  mountPath: /etc/rampart/{{ .name }}
  readOnly: true
{{- end }}

{{/* The settings of the connection to Temporal. */}}
{{- define "rampart.temporal" -}}
{{- $files := dict -}}
{{- if .Values.temporal.secret.apiKey }}{{ $_ := set $files "TEMPORAL_API_KEY_FILE" "/etc/rampart/temporal/api-key" }}{{ end -}}
{{- if .Values.temporal.secret.certificate -}}
{{- $_ := set $files "TEMPORAL_TLS_CLIENT_CERT_PATH" "/etc/rampart/temporal/tls.crt" -}}
{{- $_ := set $files "TEMPORAL_TLS_CLIENT_KEY_PATH" "/etc/rampart/temporal/tls.key" -}}
{{- end -}}
{{- if .Values.temporal.secret.authority }}{{ $_ := set $files "TEMPORAL_TLS_SERVER_CA_CERT_PATH" "/etc/rampart/temporal/ca.crt" }}{{ end -}}
{{- merge $files .Values.temporal.settings | toYaml -}}
{{- end }}

{{- define "rampart.worker" -}}
{{- $events := dict -}}
{{- if .Values.worker.events }}{{ $_ := set $events "RAMP_EVENTS_FILE" "/etc/rampart/events/events.yaml" }}{{ end -}}
{{- merge $events .Values.worker.settings | toYaml -}}
{{- end }}
