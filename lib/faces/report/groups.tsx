import type { ReactNode } from 'react';
import { splits } from '../../catalog/catalog.js';
import { tieKinds } from '../../pipeline/events.js';
import { takenOut } from '../event-lines.js';
import { count, percent, plural } from '../format.js';
import { File, Name, Picture, Table } from './parts.js';
import type { RunRecord } from './record.js';

/** What the guard has found, and examples to judge it by. */
export function groups({ guarded, pairs, pictures }: RunRecord): ReactNode | null {
  if (!guarded || guarded.groups === 0) return null;
  const kinds = tieKinds.filter((kind) => guarded.kinds[kind] > 0);
  const seen = (['val', 'test'] as const).filter((split) => guarded.seen[split].photos > 0);
  const ordered = pairs.toSorted((a, b) => tieKinds.indexOf(a.kind) - tieKinds.indexOf(b.kind));
  return (
    <>
      <p>
        {plural(guarded.groups, 'group')} of photos that show the same, {count(guarded.leaks)} of
        them on both sides of a split; {takenOut(guarded)}.
      </p>
      {seen.map((split) => {
        const { photos, of } = guarded.seen[split];
        return (
          <p key={split}>
            {`${count(photos)} of ${plural(of, 'photo')} of ${split} (${percent(photos / Math.max(1, of))}) ${below[split]}.`}
          </p>
        );
      })}
      <div className="beside">
        {kinds.length > 0 && (
          <Table
            caption="Groups by what ties their photos"
            head={['Tie', 'Groups']}
            rows={kinds.map((kind) => [kind, count(guarded.kinds[kind])])}
            numbers
          />
        )}
        <Table
          caption="Photos that are left"
          head={['Split', 'Photos']}
          rows={splits.map((split) => [split, count(guarded.kept[split])])}
          numbers
        />
      </div>
      {ordered.length > 0 && (
        <ul className="cards">
          {ordered.map(({ kind, conflict, photos }) => (
            <li key={photos.map(({ photo }) => photo).join('\n')}>
              <figure>
                <div className="pair">
                  {photos.map(({ photo, label, split }) => (
                    <Picture
                      key={photo}
                      image={pictures.get(photo)}
                      alt={`A photo of ${split} labelled ${label}`}
                    />
                  ))}
                </div>
                <figcaption>
                  <span className="said">{kind}</span>
                  {conflict && <span className="wrongly">, with two labels</span>}
                  <span className="sides">
                    {photos.map(({ photo, label, split }) => (
                      <span key={photo}>
                        {split} · <Name>{label}</Name>
                        <File>{photo}</File>
                      </span>
                    ))}
                  </span>
                </figcaption>
              </figure>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

const below = { val: 'stand in train as well', test: 'stand in train or validation as well' };
