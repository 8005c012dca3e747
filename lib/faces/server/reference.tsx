import { Fragment, type ReactNode } from 'react';
import { Table } from '../report/parts.js';
import { renderPage } from '../report/shell.js';

/** What is shown of an OpenAPI document. */
export interface ApiDocument {
  info: { title: string; version: string; description?: string };
  paths?: Record<string, Record<string, Operation>>;
}

interface Schema {
  type?: string;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  [rule: string]: unknown;
}

type Content = Record<string, { schema?: Schema }>;

interface Operation {
  summary?: string;
  description?: string;
  parameters?: { name: string; in: string; required?: boolean; schema?: Schema }[];
  requestBody?: { content: Content };
  responses?: Record<string, { description: string; content?: Content }>;
}

/** An OpenAPI document as a page for people, without scripts and without anything that would be fetched. */
export function renderReference(document: ApiDocument): string {
  const { title, version, description } = document.info;
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  return renderPage(
    `${title} API`,
    <>
      <header>
        <h1>{`${title} ${version}`}</h1>
        <p className="lead">{description}</p>
        <p>
          The same for programs: <a href="openapi.json">openapi.json</a>
        </p>
      </header>
      <main>
        {operations.map(({ path, method, operation }) => (
          <section key={`${method} ${path}`} aria-label={`${method} ${path}`}>
            <h2>
              <code>{`${method.toUpperCase()} ${path}`}</code> {operation.summary}
            </h2>
            <OperationBody operation={operation} />
          </section>
        ))}
      </main>
    </>,
  );
}

function OperationBody({ operation }: { operation: Operation }): ReactNode {
  const { description, parameters = [], requestBody, responses = {} } = operation;
  return (
    <>
      {description && <p>{description}</p>}
      {parameters.length > 0 && (
        <Rows
          title="In the address"
          rows={parameters.map(
            ({ name, required = false, schema = {} }): Field => [name, required, schema],
          )}
        />
      )}
      {Object.entries(requestBody?.content ?? {}).map(([type, { schema }]) => (
        <Body key={type} title={`Body: ${type}`} schema={schema} />
      ))}
      {Object.entries(responses).map(([status, { description: about, content = {} }]) => (
        <Answer key={status} title={`${status}: ${about}`} content={content} />
      ))}
    </>
  );
}

/** Problems are all alike: their status and when they come is enough. */
function Answer({ title, content }: { title: string; content: Content }): ReactNode {
  const told = Object.entries(content).filter(([type]) => type !== 'application/problem+json');
  if (told.length === 0) return <p className="muted">{title}</p>;
  return told.map(([type, { schema }]) => (
    <Body key={type} title={`${title} (${type})`} schema={schema} />
  ));
}

function Body({ title, schema = {} }: { title: string; schema: Schema | undefined }): ReactNode {
  const rows = fieldsOf(schema, '');
  if (rows.length > 0) return <Rows title={title} rows={rows} />;
  return <p>{[title, schema.description].filter(Boolean).join(': ')}</p>;
}

type Field = [name: string, required: boolean, schema: Schema];

/** Each field by its path, `photos[].name`. */
function fieldsOf({ properties, required = [], items }: Schema, path: string): Field[] {
  if (items) return fieldsOf(items, `${path}[]`);
  return Object.entries(properties ?? {}).flatMap(([name, schema]): Field[] => {
    const own = path ? `${path}.${name}` : name;
    return [[own, required.includes(name), schema], ...fieldsOf(schema, own)];
  });
}

function Rows({ title, rows }: { title: string; rows: Field[] }): ReactNode {
  return (
    <Table
      caption={title}
      head={['field', 'type', 'about']}
      rows={rows.map(([name, required, schema]) => [
        <Fragment key="name">
          <code>{name}</code>
          {required ? '' : ', optional'}
        </Fragment>,
        typeOf(schema),
        schema.description,
      ])}
    />
  );
}

const rules = [
  'format',
  'contentEncoding',
  'minimum',
  'maximum',
  'minItems',
  'maxItems',
  'maxLength',
];

/** `integer, minimum 1` */
function typeOf(schema: Schema): string {
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' or ');
  const told = rules.filter((rule) => rule in schema).map((rule) => `${rule} ${schema[rule]}`);
  const type = schema.items ? `array of ${typeOf(schema.items)}` : schema.type;
  return [type, ...told].filter(Boolean).join(', ');
}
