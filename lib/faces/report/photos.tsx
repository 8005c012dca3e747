import type { ReactNode } from 'react';
import { type GillnetEvent, picturedDoubts } from '../../pipeline/events.js';
import { count, percent, plural } from '../format.js';
import { File, Name, Picture } from './parts.js';
import type { RunRecord } from './record.js';

export function mistakes({ mistakes, pictures }: RunRecord): ReactNode | null {
  if (mistakes.length === 0) return null;
  return (
    <>
      <p>
        The photos that the model was surest to be something else, and beside each what spoke for
        what it said: the warmer, the more (Grad-CAM). Wrong labels and photos with nothing to see
        are often among them.
      </p>
      <ul className="cards">
        {mistakes.map(({ photo, label, predicted, confidence, heat }) => (
          <li key={photo}>
            <figure>
              <div className="pair">
                <Picture image={pictures.get(photo)} alt={`A photo labelled ${label}`} />
                <Picture
                  image={heat}
                  alt={`The same photo, warm where it speaks for ${predicted}`}
                />
              </div>
              <figcaption>
                <span className="said">
                  <Name>{label}</Name>
                </span>
                , taken for{' '}
                <span className="wrongly">
                  <Name>{predicted}</Name>
                </span>
                <small>{percent(confidence)} sure</small>
                <File>{photo}</File>
              </figcaption>
            </figure>
          </li>
        ))}
      </ul>
    </>
  );
}

export function doubts({ doubted, pictures }: RunRecord): ReactNode | null {
  if (!doubted) return null;
  const { checked, found, photos, list } = doubted;
  if (photos.length === 0)
    return <p>None of the labels of {plural(checked, 'photo')} looks wrong.</p>;
  const others = photos.slice(picturedDoubts);
  return (
    <>
      <p>
        Of the labels of {plural(checked, 'photo')}, {count(found)} look wrong: what had not seen
        these photos is sure of another one (confident learning). Look at them before you train
        again.
      </p>
      <ul className="cards small">
        {photos.slice(0, picturedDoubts).map((doubt) => (
          <li key={doubt.photo}>
            <figure>
              <Picture image={pictures.get(doubt.photo)} alt={`A photo labelled ${doubt.label}`} />
              <figcaption>
                <Doubt {...doubt} />
              </figcaption>
            </figure>
          </li>
        ))}
      </ul>
      {others.length > 0 && (
        <details>
          <summary>{count(found - picturedDoubts)} more</summary>
          <ul className="plain">
            {others.map((doubt) => (
              <li key={doubt.photo}>
                <Doubt {...doubt} />
              </li>
            ))}
          </ul>
          {found > photos.length && list !== null && (
            <p>
              The others are listed in <File>{list}</File>.
            </p>
          )}
        </details>
      )}
    </>
  );
}

function Doubt({
  photo,
  label,
  suggested,
  quality,
}: GillnetEvent<'doubted'>['photos'][number]): ReactNode {
  return (
    <>
      <span className="wrongly">
        <Name>{label}</Name>
      </span>
      , rather{' '}
      <span className="said">
        <Name>{suggested}</Name>
      </span>
      <small>{percent(quality)} sure of its label</small>
      <File>{photo}</File>
    </>
  );
}
